package window

import (
	"math"
	"time"

	"github.com/notunnel/notunnel/model/feature"
)

// Tick is coarse time: 2²⁶ ns (67 ms) a tick. It wraps after nine years, so
// only differences mean anything.
type Tick uint32

const tickShift = 26

// TickOf is the tick that the time falls in.
func TickOf(t time.Time) Tick { return Tick(t.UnixNano() >> tickShift) }

// Time is when a tick began that is not after the time, by less than nine years.
func (t Tick) Time(not time.Time) time.Time {
	return time.Unix(0, (not.UnixNano()>>tickShift-int64(TickOf(not)-t))<<tickShift)
}

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
	latest  state
	now     Tick
	oldest  Tick            // when the first pane was opened
	newest  Tick            // and the last one
	begun   Tick            // when the first of the queries came
	tag     uint32          // of the latest event
	at      Tick            // when that was
	arrived uint32          // bytes of information; it wraps, so only differences mean anything
	weighed uint32          // those of them that the last score rests on
	score   float32         // the last score
	queries uint32          // queries that passed, repeats included; stays at the most it can be
	bytes   uint32          // prefix bytes that passed; likewise
	last    [lastBytes]byte // end of the last fresh prefix
}

// state says what is known of the latest event, the one that the last query was or joined.
type state uint8

const (
	held     state = 1 << iota // there is one
	answered                   // a reply to it was seen
	full                       // the last pane has no room for another event
	settled                    // no score is due, and nothing has come since that was said
)

// remember keeps the end of a fresh prefix.
func (w *Window) remember(prefix []byte) {
	w.ends = uint8(copy(w.last[:], prefix[max(len(prefix)-lastBytes, 0):]))
}

// pane is the last pane. A window has one after slide.
func (w *Window) pane(s *Panes) *pane { return s.at(w.panes[w.open-1]) }

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
		if p := w.pane(s); p.events < paneEvents && now-p.opened <= span/maxPanes {
			return now
		}
	} else {
		w.restart(now)
	}
	if w.open == maxPanes {
		w.drop(s)
	}
	if w.open == 0 {
		w.oldest = now
	}
	w.panes[w.open] = s.open(now)
	w.open++
	return now
}

// joins reports whether a query joins the latest event, and slide would change nothing.
func (w *Window) joins(hash uint64, now, span Tick) bool {
	return w.latest&(held|full) == held && w.tag == tagOf(hash) && int32(now-w.now) >= 0 &&
		now-w.oldest <= span && now-w.newest <= span/maxPanes && young(now, w.at)
}

// join makes an event the latest.
func (w *Window) join(e *event, s *Panes) {
	p := w.pane(s)
	w.latest, w.tag, w.at, w.newest = held, e.tag>>flagBits, e.at, p.opened
	if e.tag&flagAnswered != 0 {
		w.latest |= answered
	}
	if p.events == paneEvents {
		w.latest |= full
	}
}

// restart forgets what goes with the events when the last of them has gone.
func (w *Window) restart(now Tick) {
	w.begun = now
	w.weighed, w.score = w.arrived, 0
	w.queries, w.bytes = 0, 0
	w.ends = 0
}

// passed counts a query with so many bytes of prefix.
func (w *Window) passed(bytes int) {
	w.queries = plus(w.queries, 1)
	w.bytes = plus(w.bytes, bytes)
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
		w.latest &^= settled
	}
}

// Passed is what passed since a window was last empty.
type Passed struct {
	Queries uint32
	Bytes   uint32 // of prefixes
	First   Tick   // when the first of the queries came, if there is one
}

// Passed is what passed since the window was last empty.
func (w *Window) Passed() Passed { return Passed{Queries: w.queries, Bytes: w.bytes, First: w.begun} }

// Last is when the window was last used.
func (w *Window) Last() Tick { return w.now }

// Learn joins a reply to the newest event of a prefix, if that is still held.
func (w *Window) Learn(s *Panes, prefix uint64, a *Answer) {
	latest := w.latest&held != 0 && w.tag == tagOf(prefix)
	if latest && w.latest&answered != 0 && a.News == 0 {
		return
	}
	if e, in := w.find(prefix, s); e != nil {
		in.learn(e, a)
		if a.News > 0 {
			w.arrived += uint32(a.News)
			w.latest &^= settled
		}
		if latest {
			w.latest |= answered
		}
	}
}

// CopyTo makes another window a copy that shares nothing.
func (w *Window) CopyTo(c *Window, from, to *Panes) {
	*c = *w
	for i, number := range w.panes[:w.open] {
		c.panes[i] = from.copyTo(number, to)
	}
}

// drop forgets the oldest pane and its events.
func (w *Window) drop(s *Panes) {
	s.give(w.panes[0])
	copy(w.panes[:], w.panes[1:])
	w.open--
	w.latest = 0
	if w.open > 0 {
		w.oldest = s.at(w.panes[0]).opened
	}
}

// Clear lets the window go, panes and all.
func (w *Window) Clear(s *Panes) {
	for w.open > 0 {
		w.drop(s)
	}
	*w = Window{arrived: w.arrived, weighed: w.arrived} // a score of what has gone comes too late
}

// find returns the newest event of the prefix and the pane it is in, nil if there is
// none.
func (w *Window) find(hash uint64, s *Panes) (*event, *pane) {
	for i := int(w.open) - 1; i >= 0; i-- {
		p := s.at(w.panes[i])
		if e := s.latest(p, tagOf(hash)); e != nil {
			return e, p
		}
	}
	return nil, nil
}

// acts is the number of events, a further reply with something new being as good as
// one.
func (w *Window) acts(s *Panes) (n int) {
	for _, number := range w.panes[:w.open] {
		p := s.at(number)
		n += int(p.events) + int(p.retold)
	}
	return n
}

// information is what passed, both ways, in bytes.
func (w *Window) information(s *Panes) (bytes uint32) {
	for _, number := range w.panes[:w.open] {
		p := s.at(number)
		bytes += uint32(p.bits)/8 + p.down
	}
	return bytes
}

// summarize adds up the panes. No prefix waits.
func (w *Window) summarize(s *feature.Summary, from *Panes) {
	*s = feature.Summary{}
	for _, number := range w.panes[:w.open] {
		p := from.at(number)
		s.Events += int(p.events)
		s.Answered += int(p.answered)
		s.Told += int(p.told)
		s.Retold += int(p.retold)
		s.Bits += int(p.bits)
		s.Down += int(p.down)
		for j, n := range p.answers {
			s.AnswerCounts[j] += uint32(n)
		}
		if sums := from.sums(p); sums != nil {
			s.Fresh += int(sums.fresh)
			s.Bytes += int(sums.bytes)
			s.BytesSq += int(sums.bytesSq)
			s.Longest += int(sums.longest)
			s.Segments += int(sums.segments)
			s.New += int(sums.novel)
			s.BitsSq += int(sums.bitsSq)
			s.Entropy += float64(sums.entropy) / entropyUnit
			s.EntropySq += float64(sums.entropySq) / (entropyUnit * entropyUnit)
			s.LossBytes += float64(sums.lossBytes) / lossUnit
			from.addChars(p, &s.Chars)
		}
	}
}
