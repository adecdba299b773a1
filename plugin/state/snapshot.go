package state

import (
	"time"

	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/keyhash"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// Snapshot is what the file has of an engine, but for what was metered.
type Snapshot struct {
	Key          keyhash.Key
	Bits4, Bits6 int // of an address that make a client
	At           time.Time
	Monitor      bool // nothing was answered
	Flags        []flags.Saved
	Allowances   []verdict.Allowance
	Marks        []Mark
}

// Mark is a mark as it is written down.
type Mark struct {
	Flag     flags.Saved
	Opinion  flags.Opinion
	Note     string
	Everyone bool
	At       time.Time
}

// SaveMarks are marks as they are written down.
func SaveMarks(marks []flags.Mark) []Mark {
	saved := make([]Mark, 0, len(marks))
	for _, m := range marks {
		saved = append(saved, Mark{Flag: m.Flag.Save(), Opinion: m.Opinion, Note: m.Note, Everyone: m.Everyone, At: m.At})
	}
	return saved
}

// RestoreMarks are the marks that were written down.
func (s *Snapshot) RestoreMarks() []flags.Mark {
	marks := make([]flags.Mark, 0, len(s.Marks))
	for _, m := range s.Marks {
		marks = append(marks, flags.Mark{Flag: m.Flag.Flag(), Opinion: m.Opinion, Note: m.Note, Everyone: m.Everyone, At: m.At})
	}
	return marks
}
