package flags

import (
	"fmt"
	"time"

	"github.com/notunnel/notunnel/plugin/subject"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// Flag says that a client is blocked below a name. Names are in canonical form
// (package split): hostile text.
type Flag struct {
	ID     uint64 // of scope and client, under the table's key
	SLD    string
	Scope  string // what is blocked with all below it: the SLD or a name under it
	Client subject.Client

	Ground  verdict.Ground
	Score   float64  // of the window, for the ground Model
	Reasons []Reason // strongest evidence first

	First time.Time // when the first of the queries came; zero if that is not known
	Since time.Time // when it was raised
	Last  time.Time // when it last blocked a query
	Until time.Time // when it ends if it blocks none till then

	Queries     uint64 // of the pair's window that had come by then, the deciding one included
	LeakedBytes uint64 // prefix bytes of those that had passed
	UpBytes     uint64 // information that had passed, both ways, in the day before
	DownBytes   uint64
	Blocked     uint64 // queries since, the deciding one included

	samples Samples // the first that were blocked
}

// IDText is how people are told an ID, and ShortID how many digits of it will do where
// there is little room.
func IDText(id uint64) string { return fmt.Sprintf("%016x", id) }

const ShortID = 8

// Cited is what a query that a flag blocks tells of it.
type Cited struct {
	ID      uint64 // 0: no flag
	Reasons []Reason
}

// Names are up to three names that were blocked, in presentation form. A prefix of
// more than 60 bytes is cut there and ends in "…".
func (f *Flag) Names() []string { return f.samples.Names(f.SLD) }

// covers reports whether the flag is about the subject.
func (f *Flag) covers(s *subject.Subject) bool {
	name := s.Full()
	rest := len(name) - len(f.Scope)
	return f.Client == s.Client && rest >= 0 && string(name[rest:]) == f.Scope && (rest == 0 || name[rest-1] == '.')
}

// touch counts a blocked query. A clock that was set back counts from then on;
// queries that overtake each other do so by much less.
func (f *Flag) touch(at time.Time, hold time.Duration, prefix []byte) {
	f.Blocked++
	f.samples.Add(prefix)
	const overtaken = 10 * time.Second
	if at.After(f.Last) || f.Last.Sub(at) > overtaken {
		f.Last, f.Until = at, at.Add(hold)
	}
}
