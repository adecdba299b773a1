package window

import (
	"math"

	"github.com/notunnel/notunnel/model/feature"
)

// paneEvents is the most events a pane holds.
const paneEvents = 21

// pane holds a stretch of events and sums over them. Fractions are fixed-point. Most
// of the memory goes for panes, so their fields are no wider than they must be and
// lie without gaps; those that a known prefix needs come first.
//
// An event is a prefix asked at a time: 30 bits of the prefix's hash, with two
// flags below them, and the low 24 bits of the tick. Two prefixes of one tag, one
// in 17 million new ones, are taken for one. In a window that reaches back further
// than 13 days, a prefix asked again after just those is taken for a
// retransmission.
type pane struct {
	opened                 Tick
	events, answered, told uint8
	retold, fresh          uint8

	past [paneEvents]uint8  // of the events, oldest first: third byte of the tick
	when [paneEvents]uint16 // low half of it
	tags [paneEvents]uint32

	bytes, longest        uint16
	novel, segments, bits uint16
	bytesSq, bitsSq       uint32
	down                  uint32 // bytes
	entropy, entropySq    uint32 // 1/entropyUnit bits
	lossBytes             uint32 // 1/lossUnit
	chars                 [feature.Classes]uint16
	answers               [feature.AnswerClasses]uint8 // halved when there is no room for more
}

const (
	entropyUnit = 1024
	lossUnit    = 65536
)

const (
	flagAnswered = 1 << iota // a reply was seen
	flagTold                 // a reply that brought in something new was seen

	flagBits = 2
)

// tagOf is what is kept of a prefix's hash.
func tagOf(hash uint64) uint32 { return uint32(hash) << flagBits >> flagBits }

// find returns the newest event of the prefix, -1 if there is none.
func (p *pane) find(hash uint64) int {
	tag := tagOf(hash)
	for i := int(p.events) - 1; i >= 0; i-- {
		if p.tags[i]>>flagBits == tag {
			return i
		}
	}
	return -1
}

// add appends an event. The pane is not full.
func (p *pane) add(hash uint64, now Tick) int {
	i := p.events
	p.events++
	p.tags[i] = uint32(hash) << flagBits
	p.when[i], p.past[i] = uint16(now), uint8(now>>16)
	return int(i)
}

// age is how old an event is, as far as its time is held.
func (p *pane) age(i int, now Tick) Tick { return wrapped(now, Tick(p.when[i])|Tick(p.past[i])<<16) }

// wrapped is how long ago something was, of which the low bits are held.
func wrapped(now, at Tick) Tick { return (now - at) & (1<<24 - 1) }

// young reports whether a query joins an event of the time.
func young(now, at Tick) bool { return wrapped(now, at) <= foldTicks }

// sum adds up a prefix and what is new in it.
func (p *pane) sum(whole feature.Shape, m *Measures) {
	h, l, bits := fixed(m.Entropy, entropyUnit), fixed(m.Loss, lossUnit), min(m.Bits, mostBits)
	p.fresh++
	p.bytes += uint16(whole.Len)
	p.bytesSq += uint32(whole.Len * whole.Len)
	p.longest += uint16(whole.Longest)
	p.novel += uint16(m.Len)
	p.segments += uint16(m.Segments)
	p.bits += uint16(bits)
	p.bitsSq += uint32(bits * bits)
	p.entropy += uint32(h)
	p.entropySq += uint32(h * h)
	p.lossBytes += uint32(l * m.Len)
	for i, n := range m.Chars {
		p.chars[i] += uint16(n)
	}
}

// mostBits is the most that counts of a prefix: more than any that is written in the
// usual characters has.
const mostBits = 1<<11 - 1

// fixed is x in units of 1/unit, at most 16 bits.
func fixed(x float32, unit float32) int {
	return int(min(max(x*unit+0.5, 0), math.MaxUint16))
}

// learn joins a reply to the event.
func (p *pane) learn(i int, a *Answer) {
	tag := &p.tags[i]
	if *tag&flagAnswered == 0 {
		*tag |= flagAnswered
		p.answered++
	}
	if a.News == 0 {
		return
	}
	if *tag&flagTold == 0 {
		*tag |= flagTold
		p.told++
	} else {
		p.retold += min(1, math.MaxUint8-p.retold)
	}
	p.down = plus(p.down, a.News)
	p.count(&a.Counts)
}

// count adds up the rdata of a reply. What is asked of it is its shape, so all that is
// there is halved where one sum would be too large.
func (p *pane) count(counts *[feature.AnswerClasses]uint16) {
	shift, most := 0, 0
	for i, n := range counts {
		most = max(most, int(p.answers[i])+int(n))
	}
	for most>>shift > math.MaxUint8 {
		shift++
	}
	for i, n := range counts {
		p.answers[i] = uint8((int(p.answers[i]) + int(n)) >> shift)
	}
}

// Answer is a reply as a window sums it up.
type Answer struct {
	News   int                           // bytes of information that it brought in
	Counts [feature.AnswerClasses]uint16 // of the rdata, if that is any
}
