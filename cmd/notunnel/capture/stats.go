package capture

import (
	"fmt"
	"slices"
)

// Stats tells what of a file was not read, and how it was taken where it does
// not say.
type Stats struct {
	Malformed Count  // messages and entries that cannot be decoded
	Truncated Count  // packets, streams, entries and files that end early
	Skipped   *Kinds // whole, but not judged; nil if nothing was
	Notes     *Notes // what was taken for granted; nil if nothing was

	cut   bool  // the file's own end is among the truncated
	lines Count // of Malformed and Skipped: lines of text
}

// breaksOff counts the early end of the file itself. One cut breaks both a
// compressed stream and the packet in it, and is one defect.
func (s *Stats) breaksOff(format string, args ...any) {
	if !s.cut {
		s.cut = true
		s.Truncated.Add(format, args...)
	}
}

// skip counts something whole that is not judged. There are few kinds: a kind
// holds nothing that a file can choose freely.
func (s *Stats) skip(kind, format string, args ...any) {
	if s.Skipped == nil {
		s.Skipped = &Kinds{}
	}
	s.Skipped.Add(kind, 1, format, args...)
}

// note says once how something was taken.
func (s *Stats) note(format string, args ...any) {
	if s.Notes == nil {
		s.Notes = &Notes{}
	}
	text := fmt.Sprintf(format, args...)
	if !slices.Contains(s.Notes.all, text) && len(s.Notes.all) < mostNotes {
		s.Notes.all = append(s.Notes.all, text)
	}
}

// mostNotes bounds what is said of a hostile file.
const mostNotes = 16

// Notes are sentences about a file, each said once.
type Notes struct{ all []string }

// Sentences are all of them, in the order in which they came up.
func (n *Notes) Sentences() []string {
	if n == nil {
		return nil
	}
	return n.all
}

// Count is a number of defects and where the first one is.
type Count struct {
	N     int
	First string
}

// Add counts a defect, of which the first is described.
func (c *Count) Add(format string, args ...any) {
	if c.N++; c.N == 1 {
		c.First = fmt.Sprintf(format, args...)
	}
}

// Kinds are counts by kind, in the order in which kinds came up.
type Kinds struct {
	names  []string
	counts map[string]*Count
}

// mostKinds bounds how many kinds are told apart; the others are one.
const (
	mostKinds  = 64
	otherKinds = "of other kinds"
)

// Add counts n of a kind, of which the first is described.
func (k *Kinds) Add(kind string, n int, format string, args ...any) {
	c := k.counts[kind]
	if c == nil {
		if len(k.names) >= mostKinds && kind != otherKinds {
			k.Add(otherKinds, n, format, args...)
			return
		}
		if k.counts == nil {
			k.counts = map[string]*Count{}
		}
		c = &Count{}
		k.counts[kind] = c
		k.names = append(k.names, kind)
	}
	if c.N == 0 {
		c.First = fmt.Sprintf(format, args...)
	}
	c.N += n
}

// Each calls visit with every kind.
func (k *Kinds) Each(visit func(kind string, c Count)) {
	if k == nil {
		return
	}
	for _, name := range k.names {
		visit(name, *k.counts[name])
	}
}
