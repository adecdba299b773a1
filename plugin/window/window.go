package window

import (
	"math"
	"time"

	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/plugin/slab"
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
// It holds no pointers: panes are known by their number in the shard's pool.
//
// The header knows enough to say that a query changes nothing in the panes: most are for
// the name that was asked for last.
type Window struct {
	panes   [maxPanes]uint32 // oldest first; the first open of them
	open    uint8
	ends    uint8 // bytes of last
	latest  latest
	now     Tick
	oldest  Tick            // when the first pane was opened
	arrived uint32          // bytes of information; it wraps, so only differences mean anything
	weighed uint32          // those of them that the last score rests on
	score   float32         // the last score
	queries uint32          // queries that passed, repeats included; stays at the most it can be
	bytes   uint32          // prefix bytes that passed; likewise
	last    [lastBytes]byte // end of the last fresh prefix
}

// latest is the event that the last query joined or was, with what is to be known of the
// panes to tell that they stay as they are.
type latest struct {
	tag      uint32 // of its prefix
	at       Tick
	opened   Tick // the newest pane
	held     bool
	room     bool // for another event in that pane
	answered bool // a reply was seen
}

// Panes is where the panes of some windows lie. The zero value is empty. It knows no locks.
type Panes struct{ slab.Pool[pane] }

// remember keeps the end of a fresh prefix.
func (w *Window) remember(prefix []byte) {
	w.ends = uint8(copy(w.last[:], prefix[max(len(prefix)-lastBytes, 0):]))
}

// newest is the last pane. A window has one after slide.
func (w *Window) newest(s *Panes) *pane { return s.At(w.panes[w.open-1]) }

// slide forgets what is older than the span and opens a pane for now if the
// newest one is full or old. It returns now, held back from running backwards
// unless the clock was set back: then panes of the future are older than any
// span, and go.
func (w *Window) slide(now, span Tick, s *Panes) Tick {
	if w.open > 0 && int32(now-w.now) < 0 && !SetBack(w.now, now) {
		now = w.now
	}
	w.now = now
	for w.open > 0 && now-w.oldest > span {
		w.drop(s)
	}
	if w.open > 0 {
		if p := w.newest(s); p.events < paneEvents && now-p.opened <= span/maxPanes {
			return now
		}
	} else {
		w.restart()
	}
	if w.open == maxPanes {
		w.drop(s)
	}
	if w.open == 0 {
		w.oldest = now
	}
	w.panes[w.open] = s.Take()
	w.open++
	*w.newest(s) = pane{opened: now}
	return now
}

// joins reports whether a query joins the latest event, and slide would change nothing.
func (w *Window) joins(hash uint64, now, span Tick) bool {
	l := &w.latest
	return l.held && l.room && l.tag == tagOf(hash) && int32(now-w.now) >= 0 &&
		now-w.oldest <= span && now-l.opened <= span/maxPanes && young(now, l.at)
}

// join makes an event the latest.
func (w *Window) join(in *pane, i int, now Tick, s *Panes) {
	p := w.newest(s)
	w.latest = latest{
		tag: in.tags[i] >> flagBits, at: now - in.age(i, now), opened: p.opened,
		held: true, room: p.events < paneEvents, answered: in.tags[i]&flagAnswered != 0,
	}
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
func (w *Window) due(d *Due, s *Panes) bool {
	fresh := w.arrived - w.weighed
	if fresh == 0 || w.acts(s) < d.Events {
		return false
	}
	information := w.information(s)
	if information < uint32(d.Information) {
		return false
	}
	return float32(fresh) >= d.Share*float32(information) || w.score >= d.Suspicious
}

// Scored records the score that was due by an outcome. What arrived since is still new.
// One that comes late, after a score on more or of a window that was here before, is
// nothing.
func (w *Window) Scored(o Outcome, score float32) {
	if int32(o.arrived-w.weighed) > 0 && int32(w.arrived-o.arrived) >= 0 {
		w.weighed, w.score = o.arrived, score
	}
}

// Passed returns how many queries and prefix bytes passed since the window was last
// empty.
func (w *Window) Passed() (queries, bytes uint32) { return w.queries, w.bytes }

// Last is when the window was last used.
func (w *Window) Last() Tick { return w.now }

// Learn joins a reply to the newest event of a prefix, if that is still held.
func (w *Window) Learn(s *Panes, prefix uint64, a *Answer) {
	of := w.latest.held && w.latest.tag == tagOf(prefix)
	if of && w.latest.answered && a.News == 0 {
		return
	}
	if at, in := w.find(prefix, s); in != nil {
		in.learn(at, a)
		w.arrived += uint32(a.News)
		w.latest.answered = w.latest.answered || of
	}
}

// Summarize sums the window up, whatever its age. It returns false if it is empty.
func (w *Window) Summarize(s *Panes, sum *feature.Summary) bool {
	if w.open == 0 {
		return false
	}
	w.summarize(sum, s)
	return true
}

// CopyTo makes another window a copy that shares nothing.
func (w *Window) CopyTo(c *Window, from, to *Panes) {
	*c = *w
	for i, number := range w.panes[:w.open] {
		c.panes[i] = to.Take()
		*to.At(c.panes[i]) = *from.At(number)
	}
}

// drop forgets the oldest pane and its events.
func (w *Window) drop(s *Panes) {
	s.Give(w.panes[0])
	copy(w.panes[:], w.panes[1:])
	w.open--
	w.latest.held = false
	if w.open > 0 {
		w.oldest = s.At(w.panes[0]).opened
	}
}

// Clear lets the window go, panes and all.
func (w *Window) Clear(s *Panes) {
	for w.open > 0 {
		w.drop(s)
	}
	*w = Window{}
}

// find returns the newest event of the prefix and the pane it is in, which is
// nil if there is none.
func (w *Window) find(hash uint64, s *Panes) (int, *pane) {
	for i := int(w.open) - 1; i >= 0; i-- {
		p := s.At(w.panes[i])
		if at := p.find(hash); at >= 0 {
			return at, p
		}
	}
	return 0, nil
}

// acts is the number of events, a further reply with something new being as good as
// one.
func (w *Window) acts(s *Panes) (n int) {
	for _, number := range w.panes[:w.open] {
		p := s.At(number)
		n += int(p.events) + int(p.retold)
	}
	return n
}

// information is what passed, both ways, in bytes.
func (w *Window) information(s *Panes) (bytes uint32) {
	for _, number := range w.panes[:w.open] {
		p := s.At(number)
		bytes += uint32(p.bits)/8 + p.down
	}
	return bytes
}

// summarize adds up the panes.
func (w *Window) summarize(s *feature.Summary, from *Panes) {
	*s = feature.Summary{}
	for _, number := range w.panes[:w.open] {
		p := from.At(number)
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
