package window

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/plugin/slab"
)

// paneEvents is the most events a pane holds.
const paneEvents = 21

// pane holds a stretch of events, sums of what their replies brought in, and sums over what
// was new in their prefixes. Fractions are fixed-point. Most of the memory goes for panes, so
// their fields are no wider than they must be, and what most panes do not need lies
// elsewhere: sums where something was measured, all events but the first few.
type pane struct {
	opened                 Tick
	list                   uint32 // number of the sums plus one, in few or, if the pane is wide, in many; 0 if it has none
	wide                   bool
	waits                  bool // the prefix of the first event is yet to be measured, see Rules.settle
	events, answered, told uint8
	retold                 uint8
	bits                   uint16 // of information in prefixes
	down                   uint32 // and in replies, bytes
	first                  [fewEvents]event
	answers                [feature.AnswerClasses]uint8 // halved when there is no room for more
}

// sums are those of what was measured.
type sums struct {
	fresh              uint8
	bytes, longest     uint16
	novel, segments    uint16
	bytesSq, bitsSq    uint32
	entropy, entropySq uint32 // 1/entropyUnit bits
	lossBytes          uint32 // 1/lossUnit
}

// few and many are sums, with how many characters there are of each class, and, if they are
// many, with events beyond the first few.
type few struct {
	sums
	chars [feature.Classes]uint8
}

type many struct {
	sums
	chars  [feature.Classes]uint16
	events [paneEvents - fewEvents]event
}

const fewEvents = 4

// event is a prefix asked at a time: 30 bits of the prefix's hash, with two flags below
// them, and the tick. Two prefixes of one tag, one in 17 million new ones, are taken for
// one.
type event struct {
	tag uint32
	at  Tick
}

// Panes is where the panes of some windows lie. The zero value is empty. It knows no locks.
type Panes struct {
	panes slab.Pool[pane]
	few   slab.Pool[few]
	many  slab.Pool[many]
}

// open makes a pane that begins now.
func (s *Panes) open(now Tick) (number uint32) {
	number = s.panes.Take()
	*s.panes.At(number) = pane{opened: now}
	return number
}

// give takes a pane back.
func (s *Panes) give(number uint32) {
	switch p := s.at(number); {
	case p.wide:
		s.many.Give(p.list - 1)
	case p.list > 0:
		s.few.Give(p.list - 1)
	}
	s.panes.Give(number)
}

func (s *Panes) at(number uint32) *pane { return s.panes.At(number) }

// event is the i-th of a pane, the oldest first.
func (s *Panes) event(p *pane, i int) *event {
	if i < fewEvents {
		return &p.first[i]
	}
	return &s.many.At(p.list - 1).events[i-fewEvents]
}

// add appends an event to a pane that is not full.
func (s *Panes) add(p *pane, hash uint64, now Tick) *event {
	if p.events == fewEvents {
		s.widen(p)
	}
	e := s.event(p, int(p.events))
	*e = event{tag: tagOf(hash) << flagBits, at: now}
	p.events++
	return e
}

// latest returns the newest event of a tag, nil if there is none.
func (s *Panes) latest(p *pane, tag uint32) *event {
	for i := int(p.events) - 1; i >= 0; i-- {
		if e := s.event(p, i); e.tag>>flagBits == tag {
			return e
		}
	}
	return nil
}

// widen gives a pane room for many.
func (s *Panes) widen(p *pane) {
	if p.wide {
		return
	}
	number := s.many.Take()
	to := s.many.At(number)
	*to = many{}
	if p.list > 0 {
		from := s.few.At(p.list - 1)
		to.sums = from.sums
		for i, n := range from.chars {
			to.chars[i] = uint16(n)
		}
		s.few.Give(p.list - 1)
	}
	p.list, p.wide = number+1, true
}

// sums are those of a pane, nil if nothing was measured in it.
func (s *Panes) sums(p *pane) *sums {
	switch {
	case p.wide:
		return &s.many.At(p.list - 1).sums
	case p.list > 0:
		return &s.few.At(p.list - 1).sums
	}
	return nil
}

// count adds up the characters of what is new in a prefix, in a pane that has sums.
func (s *Panes) count(p *pane, chars *[feature.Classes]uint8) {
	if !p.wide {
		if addBytes(&s.few.At(p.list-1).chars, chars) {
			return
		}
		s.widen(p)
	}
	sums := &s.many.At(p.list - 1).chars
	for i, n := range chars {
		sums[i] += uint16(n)
	}
}

// addBytes adds numbers to sums, eight at a time, or nothing if there is no room for one of
// them.
func addBytes(sums, more *[feature.Classes]uint8) bool {
	const words, tops = feature.Classes / 8, 0x8080808080808080
	var added [words]uint64
	for i := range added {
		a, b := binary.LittleEndian.Uint64(sums[8*i:]), binary.LittleEndian.Uint64(more[8*i:])
		sum := (a&^tops + b&^tops) ^ (a^b)&tops
		if (a&b|(a|b)&^sum)&tops != 0 { // carried out of a byte
			return false
		}
		added[i] = sum
	}
	for i, sum := range added {
		binary.LittleEndian.PutUint64(sums[8*i:], sum)
	}
	return true
}

// addChars adds a pane's characters to those of a window.
func (s *Panes) addChars(p *pane, sums *[feature.Classes]uint32) {
	switch {
	case p.wide:
		for i, n := range s.many.At(p.list - 1).chars {
			sums[i] += uint32(n)
		}
	case p.list > 0:
		for i, n := range s.few.At(p.list - 1).chars {
			sums[i] += uint32(n)
		}
	}
}

// copyTo makes a copy of a pane elsewhere.
func (s *Panes) copyTo(number uint32, to *Panes) (copied uint32) {
	from := s.at(number)
	copied = to.panes.Take()
	p := to.at(copied)
	*p = *from
	switch {
	case p.wide:
		p.list = to.many.Take() + 1
		*to.many.At(p.list - 1) = *s.many.At(from.list - 1)
	case p.list > 0:
		p.list = to.few.Take() + 1
		*to.few.At(p.list - 1) = *s.few.At(from.list - 1)
	}
	return copied
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

// young reports whether a query joins an event of the time.
func young(now, at Tick) bool { return now-at <= foldTicks }

// sum adds up a prefix and what is new in it.
func (s *Panes) sum(p *pane, whole feature.Shape, m *Measures) {
	if p.list == 0 {
		number := s.few.Take()
		*s.few.At(number), p.list = few{}, number+1
	}
	h, l, bits := fixed(m.Entropy, entropyUnit), fixed(m.Loss, lossUnit), min(m.Bits, mostBits)
	p.bits += uint16(bits)
	to := s.sums(p)
	to.fresh++
	to.bytes += uint16(whole.Len)
	to.bytesSq += uint32(whole.Len * whole.Len)
	to.longest += uint16(whole.Longest)
	to.novel += uint16(m.Len)
	to.segments += uint16(m.Segments)
	to.bitsSq += uint32(bits * bits)
	to.entropy += uint32(h)
	to.entropySq += uint32(h * h)
	to.lossBytes += uint32(l * m.Len)
	s.count(p, &m.Chars)
}

// mostBits is the most that counts of a prefix: more than any that is written in the
// usual characters has.
const mostBits = 1<<11 - 1

// fixed is x in units of 1/unit, at most 16 bits.
func fixed(x float32, unit float32) int {
	return int(min(max(x*unit+0.5, 0), math.MaxUint16))
}

// learn joins a reply to an event of the pane.
func (p *pane) learn(e *event, a *Answer) {
	if e.tag&flagAnswered == 0 {
		e.tag |= flagAnswered
		p.answered++
	}
	if a.News == 0 {
		return
	}
	if e.tag&flagTold == 0 {
		e.tag |= flagTold
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
	var some [feature.AnswerClasses]uint8 // classes that there are: of addresses, a few
	size, most := 0, 0
	for i := 0; i < len(counts); i += 4 {
		if counts[i]|counts[i+1]|counts[i+2]|counts[i+3] == 0 {
			continue
		}
		for j := i; j < i+4; j++ {
			if counts[j] > 0 {
				some[size] = uint8(j)
				size++
			}
		}
	}
	for _, i := range some[:size] {
		most = max(most, int(p.answers[i])+int(counts[i]))
	}
	if most <= math.MaxUint8 { // nearly always
		for _, i := range some[:size] {
			p.answers[i] += uint8(counts[i])
		}
		return
	}
	shift := bits.Len(uint(most)) - bits.Len(math.MaxUint8)
	for i, n := range counts {
		p.answers[i] = uint8((int(p.answers[i]) + int(n)) >> shift)
	}
}

// Answer is a reply as a window sums it up.
type Answer struct {
	News   int                           // bytes of information that it brought in
	Counts [feature.AnswerClasses]uint16 // of the rdata, if that is any
}
