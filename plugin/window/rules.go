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

// Outcome is what Observe found. What passed has this query included.
type Outcome struct {
	Worth bool // a score is due, and the window is summed up for it
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

// Again records a query that joins the latest event of its window, with so many bytes of
// prefix, if that changes nothing but how many there were. It returns false, and records
// nothing, if there is more to it: then Observe is to be asked.
func (r *Rules) Again(w *Window, hash uint64, at Tick, bytes int) bool {
	if w.latest&settled == 0 || !w.joins(hash, at, r.Span) {
		return false
	}
	w.now = at
	w.passed(bytes)
	return true
}

// Observe records a query in the window of its pair. When a score is due, the window is
// summed up into sum; a nil sum means that no score is wanted.
func (r *Rules) Observe(w *Window, panes *Panes, q *Query, sum *feature.Summary) Outcome {
	if w.joins(q.Hash, q.At, r.Span) {
		w.now = q.At
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
	w.passed(len(q.Prefix))
	out := Outcome{Passed: w.Passed()}
	if sum == nil {
		return out
	}
	if w.due(&r.Due, panes) && (!r.settle(w, panes, q.Room[:0]) || w.due(&r.Due, panes)) {
		out.Worth, out.arrived = true, w.arrived
		w.summarize(sum, panes)
	} else {
		w.latest |= settled
	}
	return out
}

// news sums up what is new in a fresh prefix, if anything is. The first prefix of a window
// can wait until there is another, or a score may be due: most pairs have one name, and it
// is never worth one.
func (r *Rules) news(w *Window, panes *Panes, q *Query) {
	if w.queries == 0 && len(q.Prefix) <= lastBytes && q.Bits <= mostBits && q.Known == (Labels{}) {
		p := w.pane(panes)
		p.waits, p.bits = true, uint16(q.Bits)
		w.arrived += inBytes(q.Bits)
	} else {
		r.settle(w, panes, q.Room[:0])
		if novel := Novel(q.Room[:0], q.Prefix, w.last[:w.ends], &q.Known); len(novel) > 0 {
			r.add(w, panes, w.pane(panes), q.Prefix, novel, q.Bits)
		}
	}
	w.remember(q.Prefix)
}

// settle measures the first prefix, if that waits, and reports whether it did; room is
// scratch space. Until then its bits are those it was charged, which are no fewer. It is the
// last fresh one, and nothing of it was known. What arrived has the charge from before as
// well: too much of that matters to nobody before the first score.
func (r *Rules) settle(w *Window, panes *Panes, room []byte) bool {
	for _, number := range w.panes[:w.open] {
		if p := panes.at(number); p.waits {
			prefix, charged := w.last[:w.ends], int(p.bits)
			p.waits, p.bits = false, 0
			if novel := Novel(room, prefix, nil, &Labels{}); len(novel) > 0 { // all labels can be empty
				r.add(w, panes, p, prefix, novel, charged)
			}
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
	r.settle(w, panes, make([]byte, 0, MaxPrefix))
	w.summarize(sum, panes)
	return true
}
