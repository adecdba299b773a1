package detect

import (
	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/joint"
	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/split"
	"github.com/notunnel/notunnel/plugin/standing"
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
	Denied        // on the deny list: blocked
)

func (w Why) String() string {
	return [...]string{"judged", "no_sld", "local", "allowed", "exempt", "reverse", "malformed", "denied"}[w]
}

// Whys is how many there are.
const Whys = int(Denied) + 1

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
	Cited           flags.Cited    // the flag that the query is blocked by; zero if it is by none
	Beside          []flags.Flag   // of other SLDs, that were raised with it
	Price           meter.Bits     // information that the query carries, 0 if it is blocked
	Up, Down        meter.Bits     // information that passed in the day before, this query's included
	Ticket          Ticket

	who        uint64 // keyed hash of the client
	key        uint64 // of name and client, among the names that are remembered
	named      bool   // there is a name
	remembered bool   // among them
	known             // of it
	second     uint64 // of the second key and the client, 0 without one
	above      uint64 // of the name below the second key
	scratch    scratch
}

// Standing is what is known of the query's SLD.
func (d *Decision) Standing() standing.Standing { return d.standing }

// Ticket leads a reply back to its query. The zero value leads nowhere.
type Ticket struct {
	pair   uint64 // 0: only a second key is metered
	second uint64
	prefix uint64
	above  uint64 // the name below the second key
	place  uint32 // of the pair, if it is still there
	qtype  uint16
	judged bool
	client uint64 // whose joint window the query is in, 0 if it is in none
}

// Valid reports whether the reply is of interest.
func (t Ticket) Valid() bool { return t.pair != 0 || t.second != 0 }

// scratch is what a decision needs for a moment.
type scratch struct {
	outcome meter.Outcome // of the SLD
	query   window.Query
	window  window.Outcome
	summary feature.Summary
	entry   joint.Query
	joint   joint.Summary
}
