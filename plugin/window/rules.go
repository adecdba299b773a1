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
	// Measure takes the measures of a text that is new in a prefix. It is called while the
	// window is guarded, and only when what it says can matter.
	Measure func(text []byte) Measures
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
	Room   [MaxPrefix]byte // scratch space
}

// MaxPrefix is the most bytes that a prefix has.
const MaxPrefix = 255

// State says what is to be done after a query was observed.
type State uint8

const (
	Quiet State = iota // nothing new enough for a score
	Worth              // a score is due; the summary is filled
)

// Outcome is what Observe found. What passed has this query included.
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

// Observe records a query in the window of its pair. When a score is due, the window is
// summed up into sum; a nil sum means that no score is wanted.
func (r *Rules) Observe(w *Window, panes *Panes, q *Query, sum *feature.Summary) Outcome {
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
			if q.Fresh {
				r.news(w, panes, q)
			}
			e = panes.add(w.pane(panes), q.Hash, now)
		}
		w.join(e, panes)
	}
	w.passed(q.Prefix)
	out := Outcome{State: Quiet, Passed: w.Passed()}
	if sum == nil {
		return out
	}
	if w.due(&r.Due, panes) && (!r.settle(w, panes) || w.due(&r.Due, panes)) {
		out.State, out.arrived = Worth, w.arrived
		w.summarize(sum, panes)
	} else {
		w.latest |= settled
	}
	return out
}

// news sums up what is new in a fresh prefix, if anything is. The first prefix of a window
// can wait: most pairs have one name, and no verdict ever rests on that.
func (r *Rules) news(w *Window, panes *Panes, q *Query) {
	if w.queries == 0 && len(q.Prefix) > 0 && len(q.Prefix) <= lastBytes && q.Bits <= mostBits && q.Known == (Labels{}) {
		p := w.pane(panes)
		p.waits, p.bits = true, uint16(q.Bits)
		w.arrived += inBytes(q.Bits)
	} else {
		r.settle(w, panes)
		if novel := Novel(q.Room[:0], q.Prefix, w.last[:w.ends], &q.Known); len(novel) > 0 {
			r.add(w, panes, w.pane(panes), q.Prefix, novel, q.Bits)
		}
	}
	w.remember(q.Prefix)
}

// settle measures the first prefix, if that waits, and reports whether it did. Until then
// its bits are those it was charged, which are no fewer. All of it is new, and it is the last
// fresh one.
func (r *Rules) settle(w *Window, panes *Panes) bool {
	for _, number := range w.panes[:w.open] {
		if p := panes.at(number); p.waits {
			charged := int(p.bits)
			p.waits, p.bits = false, 0
			w.arrived -= inBytes(charged)
			r.add(w, panes, p, w.last[:w.ends], w.last[:w.ends], charged)
			return true
		}
	}
	return false
}

// add sums up a prefix and what is new in it, which was charged so many bits, in a pane.
func (r *Rules) add(w *Window, panes *Panes, p *pane, prefix, novel []byte, charged int) {
	var m Measures
	if hash := r.Key.Sum(novel); !r.costly.recall(novel, hash, &m) {
		m = r.Measure(novel)
		r.costly.remember(hash, &m)
	}
	m.Bits = min(m.Bits, charged)
	panes.sum(p, feature.ShapeOf(prefix), &m)
	w.arrived += inBytes(m.Bits)
}

func inBytes(bits int) uint32 { return uint32(bits+7) / 8 }

// Summarize sums a window up, whatever its age. It returns false if it is empty.
func (r *Rules) Summarize(w *Window, panes *Panes, sum *feature.Summary) bool {
	if w.open == 0 {
		return false
	}
	r.settle(w, panes)
	w.summarize(sum, panes)
	return true
}
