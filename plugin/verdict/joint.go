package verdict

// JointRules are what a client over all its unknown SLDs is ruled by.
type JointRules struct {
	Threshold float64 // score in (0,1] from which SLDs are blocked
	Floor     JointEvidence
}

// JointEvidence is how much there is of a client over its unknown SLDs.
type JointEvidence struct {
	SLDs, Events int
	Information  uint64 // bytes, both ways
}

// Enough reports whether there is evidence enough for a block.
func (r *JointRules) Enough(e *JointEvidence) bool {
	return e.SLDs >= r.Floor.SLDs && e.Events >= r.Floor.Events && e.Information >= r.Floor.Information
}

// JointCase is one SLD of a client whose joint window has been scored.
type JointCase struct {
	Score       float64
	Evidence    JointEvidence // what the score rests on
	Part, Whole Likeness
	Scope       []byte // what a block would cover
}

// Likeness is how much the events below an SLD, or all events, are like those below
// other SLDs of the client.
type Likeness struct {
	Events int
	Alike  float64 // share of the events below others that are laid out as one here is, in the mean
	Shared float64 // share of labels that came under another SLD before
}

// An SLD takes part in what its client does below several only if it is like the
// others: laid out like a fifth of their events at least, half as alike as the whole
// is, and with half of the share of labels. Where no label is shared, one name is not
// enough. Ordinary SLDs of the same client are not cut with the tunnel.
const (
	leastAlike  = 0.2
	leastPart   = 0.5
	leastEvents = 2
)

// OnJoint rules on an SLD of a client: each is blocked by itself, the client never is.
func (r *Rules) OnJoint(c *JointCase) Ruling {
	switch part, whole := &c.Part, &c.Whole; {
	case c.Score < r.Joint.Threshold, !r.Joint.Enough(&c.Evidence):
		return Ruling{}
	case part.Alike < max(leastAlike, leastPart*whole.Alike), part.Shared < leastPart*whole.Shared:
		return Ruling{}
	case part.Shared == 0 && part.Events < leastEvents:
		return Ruling{}
	}
	return Ruling{Verdict: Block, Ground: Model, Scope: c.Scope}
}
