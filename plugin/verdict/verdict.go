// Package verdict says what follows from a score: Pass, Watch or Block.
package verdict

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

// Evidence is how much a window has seen when it is scored.
type Evidence struct {
	Events int // distinct prefixes within 10 s
	Bytes  int // bytes of distinct prefixes
}

// Of is the verdict on a score, in [0,1], that rests on the given evidence.
// floor is the evidence that a block needs.
func Of(score, threshold float64, got, floor Evidence) Verdict {
	switch {
	case score < threshold:
		return Pass
	case got.Events < floor.Events || got.Bytes < floor.Bytes:
		return Watch
	}
	return Block
}
