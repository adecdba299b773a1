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

// Ticks is how many ticks a duration lasts, at least one.
func Ticks(d time.Duration) Tick {
	return Tick(min(max(d>>tickShift, 1), math.MaxInt32))
}

// The shape of a window: panes are dropped whole, so it holds between two and
// three panes of events.
const (
	maxPanes   = 3
	paneEvents = 21
	// MaxEvents is the most events a window holds.
	MaxEvents = maxPanes * paneEvents
)

// foldTicks is the time within which a prefix asked again is the same event.
var foldTicks = Ticks(10 * time.Second)

// setBack tells whether the clock was set back since last: concurrent queries
// overtake each other by much less. What is older begins to count from now.
func setBack(last, now Tick) bool {
	back := int32(last - now)
	return back > 0 && Tick(back) > foldTicks
}

// Measures is a prefix as a window sums it up: its shape, and what the
// autoencoder and the segmentation say of it.
type Measures struct {
	feature.Prefix
	Loss     float32
	Segments int
}

// Window is the rolling memory of one (SLD, client) pair. It keeps sums in
// panes, not strings. Each distinct prefix is summed in the newest pane it
// occurred in, so dropping the oldest pane forgets just the prefixes that were
// not seen since. The zero value is an empty window. It knows no locks: the
// shard that holds it guards it.
type Window struct {
	panes   []pane
	events  []event // oldest first; the first panes[0].events of them are of panes[0], and so on
	last    Tick
	fresh   uint32  // prefix bytes that came since the last score
	score   float32 // the last score
	queries uint32  // queries that passed, repeats included
	bytes   uint32  // prefix bytes that passed
}

// event is a prefix asked at a time. The hash is the low half of the prefix's.
type event struct {
	hash  uint32
	at    Tick
	flags uint8
}

const (
	flagCarrier  = 1 << iota // asked with a type that carries data
	flagAnswered             // a reply was seen
	flagFilled               // a reply with answers was seen
)

// pane holds sums over at most paneEvents events. Fractions are fixed-point,
// so that taking a prefix out again leaves no rounding behind.
type pane struct {
	opened                    Tick
	events, answered, carrier uint8
	prefixes                  uint8

	bytes, labels, longest, segments uint16
	bytesSq                          uint32
	entropy, entropySq               uint32 // 1/entropyUnit bits
	loss, lossBytes                  uint32 // 1/lossUnit
	lossSq                           uint64
	answerBytes                      uint32
	chars                            [feature.Classes]uint16
	answers                          [feature.AnswerClasses]uint16
}

const (
	entropyUnit = 1024
	lossUnit    = 65536
)

// slide forgets what is older than the span and opens a pane for now if the
// newest one is full or old. It returns now, held back from running backwards
// unless the clock was set back: then panes of the future are older than any
// span, and go.
func (w *Window) slide(now, span Tick) Tick {
	if len(w.panes) > 0 && int32(now-w.last) < 0 && !setBack(w.last, now) {
		now = w.last
	}
	w.last = now
	for len(w.panes) > 0 && now-w.panes[0].opened > span {
		w.drop()
	}
	if n := len(w.panes); n > 0 && w.panes[n-1].events < paneEvents && now-w.panes[n-1].opened <= span/maxPanes {
		return now
	}
	if len(w.panes) == maxPanes {
		w.drop()
	}
	if n := len(w.panes); n == cap(w.panes) {
		// One at a time: most windows never open a second one.
		w.panes = append(make([]pane, 0, n+1), w.panes...)
	}
	w.panes = append(w.panes, pane{opened: now})
	return now
}

// drop forgets the oldest pane and its events.
func (w *Window) drop() {
	n := copy(w.events, w.events[w.panes[0].events:])
	w.events = w.events[:n]
	n = copy(w.panes, w.panes[1:])
	w.panes = w.panes[:n]
}

// find returns the newest event of the prefix and the pane it is in, or -1.
func (w *Window) find(hash uint32) (at, in int) {
	end := len(w.events)
	for in = len(w.panes) - 1; in >= 0; in-- {
		start := end - int(w.panes[in].events)
		for at = end - 1; at >= start; at-- {
			if w.events[at].hash == hash {
				return at, in
			}
		}
		end = start
	}
	return -1, -1
}

// fold joins a query to an event that is still young, and tells whether it
// did.
func (w *Window) fold(at, in int, now Tick, carrier bool) bool {
	if at < 0 || now-w.events[at].at > foldTicks {
		return false
	}
	if e := &w.events[at]; carrier && e.flags&flagCarrier == 0 {
		e.flags |= flagCarrier
		w.panes[in].carrier++
	}
	return true
}

// add appends an event to the newest pane.
func (w *Window) add(hash uint32, now Tick, carrier bool) {
	e := event{hash: hash, at: now}
	newest := &w.panes[len(w.panes)-1]
	newest.events++
	if carrier {
		e.flags = flagCarrier
		newest.carrier++
	}
	if n := len(w.events); n == cap(w.events) {
		w.events = append(make([]event, 0, min(max(2*n, 4), MaxEvents)), w.events...)
	}
	w.events = append(w.events, e)
}

// sum adds the measures to a pane (by 1), or takes them out again (by -1).
func (p *pane) sum(m *Measures, by int) {
	h := fixed(m.Entropy, entropyUnit)
	l := fixed(m.Loss, lossUnit)
	p.prefixes += uint8(by)
	p.bytes += uint16(by * m.Len)
	p.bytesSq += uint32(by * m.Len * m.Len)
	p.labels += uint16(by * m.Labels)
	p.longest += uint16(by * m.Longest)
	p.segments += uint16(by * m.Segments)
	p.entropy += uint32(by * h)
	p.entropySq += uint32(by * h * h)
	p.loss += uint32(by * l)
	p.lossSq += uint64(by * l * l)
	p.lossBytes += uint32(by * l * m.Len)
	for i, n := range m.Chars {
		p.chars[i] += uint16(by * int(n))
	}
}

// fixed is x in units of 1/unit, at most 16 bits.
func fixed(x float32, unit float32) int {
	return int(min(max(x*unit+0.5, 0), math.MaxUint16))
}

// learn joins a reply to the newest event of the prefix; a reply to a
// forgotten one is ignored.
func (w *Window) learn(hash uint32, a *Answer) {
	at, in := w.find(hash)
	if at < 0 {
		return
	}
	e, p := &w.events[at], &w.panes[in]
	if e.flags&flagAnswered == 0 {
		e.flags |= flagAnswered
		p.answered++
	}
	if a.Records > 0 && e.flags&flagFilled == 0 {
		e.flags |= flagFilled
		p.answerBytes += uint32(a.Bytes)
		for i, n := range a.Counts {
			p.answers[i] += n
		}
	}
}

// Answer is a reply as a window sums it up.
type Answer struct {
	Records int // in the answer section
	Bytes   int // rdata bytes that are no address
	Counts  [feature.AnswerClasses]uint16
}

// size is Σ|p| over the distinct prefixes.
func (w *Window) size() (bytes uint32) {
	for i := range w.panes {
		bytes += uint32(w.panes[i].bytes)
	}
	return bytes
}

// summarize adds up the panes.
func (w *Window) summarize(s *feature.Summary) {
	*s = feature.Summary{}
	for i := range w.panes {
		p := &w.panes[i]
		s.Events += int(p.events)
		s.Answered += int(p.answered)
		s.Carrier += int(p.carrier)
		s.Prefixes += int(p.prefixes)
		s.Bytes += int(p.bytes)
		s.BytesSq += int(p.bytesSq)
		s.Labels += int(p.labels)
		s.Longest += int(p.longest)
		s.Segments += int(p.segments)
		s.Entropy += float64(p.entropy) / entropyUnit
		s.EntropySq += float64(p.entropySq) / (entropyUnit * entropyUnit)
		s.Loss += float64(p.loss) / lossUnit
		s.LossSq += float64(p.lossSq) / (lossUnit * lossUnit)
		s.LossBytes += float64(p.lossBytes) / lossUnit
		s.AnswerBytes += int(p.answerBytes)
		for j, n := range p.chars {
			s.Chars[j] += uint32(n)
		}
		for j, n := range p.answers {
			s.AnswerCounts[j] += uint32(n)
		}
	}
}
