package events

import (
	"time"

	"github.com/notunnel/notunnel/plugin/flags"
)

// Event is something that is told. It is not changed any more.
type Event struct {
	Kind    Kind
	At      time.Time
	Monitor bool // nothing is answered

	// The flag; of Spent what is known of its pair, which has none. Its names are hostile
	// text, as in package flags.
	Flag     flags.Flag
	Standing string

	Why flags.Kind // of Ended

	Name               string // of Spent: the query that was one too many, in presentation form
	Share              string // of Spent: of a budget that is gone, such as half
	UpLimit, DownLimit uint64 // of Spent: the budgets, bytes; 0 for none
}

// Kind is what happened.
type Kind uint8

const (
	Raised Kind = iota // a flag was raised
	Ended              // a flag ended
	Spent              // a share of a budget was spent
)

// String is the kind as MSGID of syslog.
func (k Kind) String() string { return [...]string{"flagged", "released", "budget"}[k] }
