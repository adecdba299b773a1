// Package verdict says what follows from a case: Pass, Watch or Block, how far it
// reaches and on what ground. Nothing else decides.
package verdict

import "fmt"

// Verdict is what happens to a query. The zero value lets it pass, so that a
// fault fails open.
type Verdict uint8

const (
	Pass  Verdict = iota
	Watch         // suspicious, on too little evidence: counted, never answered
	Block
)

func (v Verdict) String() string {
	switch v {
	case Watch:
		return "watch"
	case Block:
		return "block"
	}
	return "pass"
}

// Ground is why a query is blocked.
type Ground uint8

const (
	NoGround     Ground = iota // it is not
	Model                      // the score of its window
	Budget                     // the information that passed between client and domain
	ClientBudget               // the information that the client has sent to unknown domains
	Deny                       // the domain is denied, by a list or by a person
)

// Grounds is how many there are, NoGround included.
const Grounds = int(Deny) + 1

var grounds = [Grounds]string{"", "model", "budget", "client_budget", "deny"}

// String is the ground's name in logs and reports, empty for NoGround.
func (g Ground) String() string { return grounds[g] }

var said = [Grounds]string{
	Model:        "looks like a DNS tunnel",
	Budget:       "over the day's budget of information",
	ClientBudget: "over the day's budget for unknown domains",
	Deny:         "denied by this resolver",
}

// Said is the ground in words that a client and an administrator read, a few of them:
// what this client asks for below the scope is so.
func (g Ground) Said() string { return said[g] }

// MarshalText implements encoding.TextMarshaler.
func (g Ground) MarshalText() ([]byte, error) { return []byte(g.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (g *Ground) UnmarshalText(text []byte) error {
	for i, name := range grounds {
		if name == string(text) {
			*g = Ground(i)
			return nil
		}
	}
	return fmt.Errorf("%q is no ground of a verdict", text)
}

// Metered reports whether a meter decides each query anew, so that a flag is a
// record and blocks nothing by itself.
func (g Ground) Metered() bool { return g == Budget || g == ClientBudget }

// Evidence is how much there is of a pair when its window is scored.
type Evidence struct {
	Events      int    // of the window: distinct prefixes within 10 s
	Information uint64 // that the pair's queries of a day carried, this one included, bytes
}

// Case is all that is known of a query when it is ruled on.
type Case struct {
	Denied    bool
	Flagged   Ground // of the flag in force, NoGround without one
	Over      Ground // whose limit the query would exceed, NoGround within all
	Scope     []byte // what is denied, that of the flag, or what a block would cover: the SLD, or a part of it that many people use
	Scored    bool   // a score was due
	Score     float64
	Threshold float64  // score in (0,1] from which the pair is blocked
	Evidence  Evidence // what the score rests on
}

// Ruling is what follows from a case.
type Ruling struct {
	Verdict Verdict
	Ground  Ground // NoGround unless blocked
	Scope   []byte // the name that the block covers with all below it, nil unless blocked
}

// Rules are what is ruled by. They are immutable.
type Rules struct {
	Floor Evidence // that a block needs
	Joint JointRules
}

// On rules on a case.
func (r *Rules) On(c *Case) Ruling {
	switch {
	case c.Denied:
		return Ruling{Verdict: Block, Ground: Deny, Scope: c.Scope}
	case c.Flagged != NoGround:
		return Ruling{Verdict: Block, Ground: c.Flagged, Scope: c.Scope}
	case c.Over != NoGround:
		return Ruling{Verdict: Block, Ground: c.Over, Scope: c.Scope}
	case !c.Scored || c.Score < c.Threshold:
		return Ruling{}
	case c.Evidence.Events < r.Floor.Events || c.Evidence.Information < r.Floor.Information:
		return Ruling{Verdict: Watch}
	}
	return Ruling{Verdict: Block, Ground: Model, Scope: c.Scope}
}
