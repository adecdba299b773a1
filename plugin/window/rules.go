package window

import (
	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/plugin/keyhash"
)

// Config is what windows are kept by.
type Config struct {
	Key  keyhash.Key // of prefixes and labels
	Span Tick        // how far back a window reaches
	Due  Due
}

// Due says when a window is worth a score: a young one whenever something is
// new, once it is settled only after a share of its information is, or while its last
// score is suspicious.
type Due struct {
	Events      int     // no score below
	Information int     // nor below these bytes
	Share       float32 // of them that must be new
	Suspicious  float32 // score from which everything new is worth another
}

// Query is a query as its window needs it.
type Query struct {
	Prefix []byte // canonical
	Hash   uint64 // of the prefix
	Fresh  bool   // the prefix was not paid for before
	Known  Labels // of a fresh prefix: those that the pair asked for lately
	Bits   int    // of a fresh prefix: that it was charged
	At     Tick
	Novel  []byte          // what is new in the prefix, where that is to be measured
	Room   [MaxPrefix]byte // where that lies
}

// MaxPrefix is the most bytes that a prefix has.
const MaxPrefix = 255

// State says what is to be done after a query was observed.
type State uint8

const (
	Quiet      State = iota // nothing new enough for a score
	Unmeasured              // nothing was recorded: observe again with the measures of q.Novel
	Worth                   // a score is due; the summary is filled
)

// Outcome is what Observe found. What passed has this query included; it is zero if
// Unmeasured.
type Outcome struct {
	State State
	Passed

	arrived uint32 // what the summary rests on, for Window.Scored
}

// Rules are what all windows are kept by. Safe for concurrent use; a window, and the panes
// that it has its own in, are guarded by whoever holds them.
type Rules struct {
	Config
	costly costly
}

// NewRules makes rules.
func NewRules(c Config) *Rules { return &Rules{Config: c} }

// Observe records a query in the window of its pair. m are the measures of q.Novel, nil
// until the outcome asks for them. When a score is due, the window
// is summed up into sum; a nil sum means that no score is wanted.
func (r *Rules) Observe(w *Window, panes *Panes, q *Query, m *Measures, sum *feature.Summary) Outcome {
	if w.joins(q.Hash, q.At, r.Span) {
		w.now = q.At
		if w.latest&settled != 0 {
			w.passed(q.Prefix)
			return Outcome{State: Quiet, Passed: w.Passed()}
		}
	} else {
		now := w.slide(q.At, r.Span, panes)
		e, _ := w.find(q.Hash, panes)
		if e == nil || !young(now, e.at) {
			if q.Fresh && !r.news(w, panes, q, m) {
				return Outcome{State: Unmeasured}
			}
			e = panes.add(w.pane(panes), q.Hash, now)
		}
		w.join(e, panes)
	}
	w.passed(q.Prefix)
	out := Outcome{State: Quiet, Passed: w.Passed()}
	switch {
	case sum == nil:
	case w.due(&r.Due, panes):
		out.State, out.arrived = Worth, w.arrived
		w.summarize(sum, panes)
	default:
		w.latest |= settled
	}
	return out
}

// news sums up what is new in a fresh prefix, if anything is. It returns false if that
// has to be measured first.
func (r *Rules) news(w *Window, panes *Panes, q *Query, m *Measures) bool {
	var known Measures
	if m == nil {
		q.Novel = Novel(q.Room[:0], q.Prefix, w.last[:w.ends], &q.Known)
	}
	if len(q.Novel) > 0 {
		hash := r.Key.Sum(q.Novel)
		if m != nil {
			r.costly.remember(hash, m)
			known = *m
		} else if !r.costly.recall(q.Novel, hash, &known) {
			return false
		}
		known.Bits = min(known.Bits, q.Bits)
		panes.sum(w.pane(panes), feature.ShapeOf(q.Prefix), &known)
		w.arrived += uint32(known.Bits+7) / 8
	}
	w.remember(q.Prefix)
	return true
}
