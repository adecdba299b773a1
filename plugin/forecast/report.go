package forecast

import (
	"time"

	"github.com/notunnel/notunnel/plugin/flags"
)

// Report is a forecast. Names are in presentation form; lists are never null.
type Report struct {
	Mode    string    `json:"mode"` // block or monitor, of a server; recorded, of files
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Days    float64   `json:"days"`
	Queries uint64    `json:"queries"` // judged or metered; roughly, where a server has seen a sample
	SLDs    int       `json:"slds"`    // roughly, 5000 if it could be more
	Clients int       `json:"clients"` // the same
	Sample  uint64    `json:"sample"`  // one in so many names was looked at for queries, own and servers

	Blocked []Blocked  `json:"blocked"`
	False   FalseRange `json:"false_blocks_a_week"`
	Budget  Budget     `json:"budget"`
	Own     []Proposal `json:"own"`     // domains that look like one's own
	Servers []Proposal `json:"servers"` // machines that look like servers
	Marked  []Proposal `json:"marked"`  // what people marked false
	Lines   []string   `json:"lines"`   // for the Corefile; those to look at first are comments
	Unknown []string   `json:"unknown"` // what a forecast like this cannot tell
}

// Blocked is what block mode would have cut, or has, below one name.
type Blocked struct {
	SLD      string          `json:"sld"`
	Scope    string          `json:"scope"`
	Standing string          `json:"standing"`
	Queries  uint64          `json:"queries"` // that were, or would have been, blocked
	Clients  []BlockedClient `json:"clients"`
	Names    []string        `json:"names"`   // up to three
	Reasons  []flags.Reason  `json:"reasons"` // of the strongest flag
}

// BlockedClient is a client that is cut off a name.
type BlockedClient struct {
	ID      string    `json:"id"` // of the flag
	Client  string    `json:"client"`
	Ground  string    `json:"ground"`
	Score   float64   `json:"score"`
	Since   time.Time `json:"since"`
	Times   int       `json:"times"` // that it was flagged
	Queries uint64    `json:"queries"`
	Mark    *string   `json:"mark"` // null without one
}

// FalseRange is how many false blocks there may be.
type FalseRange struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	How  string  `json:"how"`
}

// Budget is what budgets would refuse nobody. Sizes are as the option takes them, "" where
// none is enough.
type Budget struct {
	Now      []string `json:"now"`      // UP DOWN [CLIENT], or off
	Tightest []string `json:"tightest"` // UP DOWN CLIENT that would have refused nobody that the models let pass
	After    []string `json:"after"`    // the same, with what is proposed left out
	Capped   bool     `json:"capped"`   // the budget in force refused some: what they would have needed is not known
	Most     []Demand `json:"most"`     // who needs most, of what is not left out
	Said     string   `json:"said"`
}

// Demand is what a pair carried in its fullest 24 hours.
type Demand struct {
	SLD       string `json:"sld"`
	Client    string `json:"client"`
	UpBytes   uint64 `json:"up_bytes"`
	DownBytes uint64 `json:"down_bytes"`
}

// Proposal is something to be left out of the judging, if a person agrees.
type Proposal struct {
	What     string   `json:"what"` // a domain, or a client
	Kind     string   `json:"kind"`
	Evidence []string `json:"evidence"`
	Caution  string   `json:"caution,omitempty"` // why to look first
	Line     string   `json:"line,omitempty"`    // of the Corefile; none where none would help
}
