package window

import (
	"math"
	"slices"
	"time"

	"github.com/notunnel/notunnel/model/feature"
)

// Tick is coarse time: 2²⁶ ns (67 ms) a tick. It wraps after nine years, so
// only differences mean anything.
type Tick uint32

const tickShift = 26

// TickOf is the tick that the time falls in.
func TickOf(t time.Time) Tick { return Tick(t.UnixNano() >> tickShift) }

// Ticks is how many ticks a duration lasts, at least one.
func Ticks(d time.Duration) Tick {
	return Tick(min(max(d>>tickShift, 1), math.MaxInt32))
}

// A window drops panes whole, so it holds between two and three of them.
const (
	maxPanes = 3
	// MaxEvents is the most events a window holds.
	MaxEvents = maxPanes * paneEvents
)

// foldTicks is the time within which a prefix asked again is the same event.
var foldTicks = Ticks(10 * time.Second)

// SetBack reports whether the clock was set back since last: concurrent queries
// overtake each other by much less. What is older begins to count from now.
func SetBack(last, now Tick) bool {
	back := int32(last - now)
	return back > 0 && Tick(back) > foldTicks
}

// Measures is what is new in a prefix as a window sums it up: its characters, what the
// autoencoder and the segmentation say of it, and how many bits it takes to describe.
type Measures struct {
	feature.Text
	Loss     float32
	Segments int
	Bits     int
}

// Window is the rolling memory of one (SLD, client) pair. It keeps sums in
// panes, not strings, but for the end of the last fresh prefix, which the next is
// compared with. A prefix is summed in the pane that it came in as a fresh one. The zero value is an empty window. It knows no locks: the shard that
// holds it guards it.
//
// Its first pane is its own: most windows have no other, and one that lies beside
// the window is there when the window is.
type Window struct {
	panes   [maxPanes]*pane // oldest first; the first open of them
	open    uint8
	ends    uint8 // bytes of last
	now     Tick
	arrived uint32          // bytes of information; it wraps, so only differences mean anything
	weighed uint32          // those of them that the last score rests on
	score   float32         // the last score
	queries uint32          // queries that passed, repeats included; stays at the most it can be
	bytes   uint32          // prefix bytes that passed; likewise
	last    [lastBytes]byte // end of the last fresh prefix
	own     pane            // one of panes, or free
}

// remember keeps the end of a fresh prefix.
func (w *Window) remember(prefix []byte) {
	w.ends = uint8(copy(w.last[:], prefix[max(len(prefix)-lastBytes, 0):]))
}

// newest is the last pane. A window has one after slide.
func (w *Window) newest() *pane { return w.panes[w.open-1] }

// slide forgets what is older than the span and opens a pane for now if the
// newest one is full or old. It returns now, held back from running backwards
// unless the clock was set back: then panes of the future are older than any
// span, and go.
func (w *Window) slide(now, span Tick, s *pool) Tick {
	if w.open > 0 && int32(now-w.now) < 0 && !SetBack(w.now, now) {
		now = w.now
	}
	w.now = now
	for w.open > 0 && now-w.panes[0].opened > span {
		w.drop(s)
	}
	if w.open > 0 {
		if p := w.newest(); p.events < paneEvents && now-p.opened <= span/maxPanes {
			return now
		}
	} else {
		w.restart()
	}
	if w.open == maxPanes {
		w.drop(s)
	}
	w.panes[w.open] = w.pane(s)
	w.open++
	*w.newest() = pane{opened: now}
	return now
}

// restart forgets what goes with the events when the last of them has gone.
func (w *Window) restart() {
	w.weighed, w.score = w.arrived, 0
	w.queries, w.bytes = 0, 0
	w.ends = 0
}

// passed counts a query.
func (w *Window) passed(prefix []byte) {
	w.queries = plus(w.queries, 1)
	w.bytes = plus(w.bytes, len(prefix))
}

// plus adds and stays at the most there is.
func plus(sum uint32, n int) uint32 {
	return uint32(min(int64(sum)+int64(n), math.MaxUint32))
}

// due reports whether the window has enough evidence, and enough of it new, for a
// score.
func (w *Window) due(d *Due) bool {
	fresh := w.arrived - w.weighed
	if fresh == 0 || w.acts() < d.Events {
		return false
	}
	information := w.information()
	if information < uint32(d.Information) {
		return false
	}
	return float32(fresh) >= d.Share*float32(information) || w.score >= d.Suspicious
}

// scored takes in a score that rests on what had arrived by then. One that comes
// late, after a score on more or of a window that was here before, is nothing.
func (w *Window) scored(score float32, arrived uint32) {
	if int32(arrived-w.weighed) > 0 && int32(w.arrived-arrived) >= 0 {
		w.weighed, w.score = arrived, score
	}
}

// pane is one for the window to open: its own if that is free.
func (w *Window) pane(s *pool) *pane {
	if slices.Contains(w.panes[:w.open], &w.own) {
		return s.panes.take()
	}
	return &w.own
}

// drop forgets the oldest pane and its events.
func (w *Window) drop(s *pool) {
	if w.panes[0] != &w.own {
		s.panes.give(w.panes[0])
	}
	copy(w.panes[:], w.panes[1:])
	w.open--
	w.panes[w.open] = nil
}

// find returns the newest event of the prefix and the pane it is in, which is
// nil if there is none.
func (w *Window) find(hash uint64) (int, *pane) {
	for i := int(w.open) - 1; i >= 0; i-- {
		if at := w.panes[i].find(hash); at >= 0 {
			return at, w.panes[i]
		}
	}
	return 0, nil
}

// acts is the number of events, a further reply with something new being as good as
// one.
func (w *Window) acts() (n int) {
	for _, p := range w.panes[:w.open] {
		n += int(p.events) + int(p.retold)
	}
	return n
}

// information is what passed, both ways, in bytes.
func (w *Window) information() (bytes uint32) {
	for _, p := range w.panes[:w.open] {
		bytes += uint32(p.bits)/8 + p.down
	}
	return bytes
}

// summarize adds up the panes.
func (w *Window) summarize(s *feature.Summary) {
	*s = feature.Summary{}
	for _, p := range w.panes[:w.open] {
		s.Events += int(p.events)
		s.Answered += int(p.answered)
		s.Told += int(p.told)
		s.Retold += int(p.retold)
		s.Fresh += int(p.fresh)
		s.Bytes += int(p.bytes)
		s.BytesSq += int(p.bytesSq)
		s.Longest += int(p.longest)
		s.Segments += int(p.segments)
		s.New += int(p.novel)
		s.Bits += int(p.bits)
		s.BitsSq += int(p.bitsSq)
		s.Entropy += float64(p.entropy) / entropyUnit
		s.EntropySq += float64(p.entropySq) / (entropyUnit * entropyUnit)
		s.LossBytes += float64(p.lossBytes) / lossUnit
		s.Down += int(p.down)
		for j, n := range p.chars {
			s.Chars[j] += uint32(n)
		}
		for j, n := range p.answers {
			s.AnswerCounts[j] += uint32(n)
		}
	}
}
