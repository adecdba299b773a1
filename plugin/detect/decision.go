package detect

import (
	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/split"
	"github.com/notunnel/notunnel/plugin/subject"
	"github.com/notunnel/notunnel/plugin/verdict"
	"github.com/notunnel/notunnel/plugin/window"
)

// Why says on what ground a query was let pass or judged.
type Why uint8

const (
	Judged    Why = iota
	NoSLD         // the name has no SLD
	Local         // special-use name
	Allowed       // on the allow list
	Exempt        // client never judged
	Reverse       // PTR-shaped name
	Malformed     // no name
)

func (w Why) String() string {
	return [...]string{"judged", "no_sld", "local", "allowed", "exempt", "reverse", "malformed"}[w]
}

// Whys is how many there are.
const Whys = int(Malformed) + 1

// ofClass is why a name of the class is judged or not.
var ofClass = [...]Why{
	split.Judged: Judged, split.Reverse: Reverse, split.NoSLD: NoSLD, split.Local: Local, split.Malformed: Malformed,
}

// Decision is what the engine says of a query. It is meant to be used again for
// query after query, by one goroutine at a time: what it says is valid until the
// next. It is too large for the stack of every query.
type Decision struct {
	subject.Subject // whatever Why says
	verdict.Ruling  // Scope is part of the subject
	Why             Why
	Scored          bool           // a score was due: Score and Features are set
	Score           float64        // probability of a tunnel
	Features        feature.Vector // what the score rests on
	Flagged         *flags.Flag    // set for the query that got the pair flagged
	Ticket          Ticket

	pair    uint64 // of the subject, if judged
	scratch scratch
}

// Ticket leads a reply back to its query. The zero value leads nowhere.
type Ticket struct {
	pair   window.Pair
	prefix uint64
	valid  bool
}

// Valid reports whether the reply is of interest.
func (t Ticket) Valid() bool { return t.valid }

// scratch is what a decision needs for a moment.
type scratch struct {
	key      [split.MaxName + 64]byte
	query    window.Query
	measures window.Measures
	summary  feature.Summary

	measured, scored uint32 // how often, for timing some
}
