package meter

import (
	"bytes"
	"math"

	"github.com/notunnel/notunnel/plugin/keyhash"
)

// most is how many names, labels and records of a pair are remembered.
const most = 16

// print is what is remembered of a name, a label or a record: a part of its keyed
// hash, never 0. Names have 32 bits: a new one is taken for one of sixteen held ones
// once in 268 million times, and for the last one, which is free, once in four billion.
// Who is refused can try, but will not find one. Of labels and records each try is
// paid for, and 16 bits undercharge by 0.03 % at most. Tests use more.
type print interface{ uint16 | uint32 | uint64 }

func printOf[P print](hash uint64) P { return max(P(hash), 1) }

// recent is a set of the last sixteen prints, with their order. Places stay the same
// while something is held.
type recent[P print] struct {
	prints [most]P
	order  uint64 // places, four bits each, the one used last lowest
	size   uint8
}

// find returns the place, or -1.
func (r *recent[P]) find(p P) int {
	for i, q := range r.prints[:r.size] {
		if q == p {
			return i
		}
	}
	return -1
}

// use makes the place the one used last.
func (r *recent[P]) use(place int) {
	shift := 0
	for r.order>>shift&(most-1) != uint64(place) {
		shift += 4
	}
	r.lift(shift)
}

// lift moves the place that stands at the shift to the front.
func (r *recent[P]) lift(shift int) {
	place := r.order >> shift & (most - 1)
	before, behind := r.order&(1<<shift-1), r.order>>shift>>4<<4<<shift
	r.order = behind | before<<4 | place
}

// put takes a print in or makes it the one used last, and returns its place. The one
// unused for longest goes if there is no room; fresh says that it was not
// held.
func (r *recent[P]) put(p P) (place int, fresh bool) {
	if place = r.find(p); place >= 0 {
		r.use(place)
		return place, false
	}
	if r.size < most {
		place = int(r.size)
		r.size++
		r.order = r.order<<4 | uint64(place)
	} else {
		place = int(r.order >> (4 * (most - 1)))
		r.lift(4 * (most - 1))
	}
	r.prints[place] = p
	return place, true
}

// memory is what the code knows of a pair's events so far. What it does not know
// any more is paid for again.
type memory[P, L print] struct {
	last   uint8  // place of the last name, plus one
	qtype  uint16 // and its type
	run    uint32 // how often it has been repeated since
	names  recent[P]
	next   [most][kinds]follower // what came after a name, by the type that it had
	labels recent[L]
}

// kinds are the types of a name that have followers of their own: A, AAAA, others.
const kinds = 3

func kindOf(code uint8) uint8 { return min(code, kinds-1) }

// follower is the place of a name in the high four bits and a type's code, plus one,
// in the low ones. 0 is none; a type whose code does not fit has none.
type follower uint8

func followerOf(place int, code uint8) follower {
	if code+1 >= 1<<4 {
		return 0
	}
	return follower(place)<<4 | follower(code+1)
}

// Kind is how an event relates to those before.
type Kind uint8

const (
	Same  Kind = iota // name and type of the last one: how often is paid for when it ends
	Next              // what followed the last one the time before
	Again             // a name that is held
	Fresh             // any other
)

// event is a name asked with a type.
type event[P print] struct {
	prefix []byte // canonical
	name   P
	qtype  uint16
	code   uint8
}

// price says what the event costs after those before, and how it relates to them.
func (m *memory[P, L]) price(c *Code, e *event[P], key *keyhash.Key) (Bits, Kind) {
	place := m.names.find(e.name)
	if place < 0 {
		h := m.held(e.prefix, key)
		return priceRun(m.run) + priceNew + priceType(e.code) + c.prefix(e.prefix, &h), Fresh
	}
	if m.last > 0 {
		last := m.last - 1
		if int(last) == place && m.qtype == e.qtype {
			return 0, Same
		}
		if f := m.next[last][kindOf(typeCode(m.qtype))]; f != 0 && f == followerOf(place, e.code) {
			return priceRun(m.run) + priceNext, Next
		}
	}
	return priceRun(m.run) + priceAgain + priceOfOne(int(m.names.size)) + priceType(e.code), Again
}

// remember takes the event in, and returns the place of its name.
func (m *memory[P, L]) remember(e *event[P], kind Kind, key *keyhash.Key) int {
	if kind == Same {
		m.run += min(1, math.MaxUint32-m.run)
		return int(m.last) - 1
	}
	m.run = 0
	place, fresh := m.names.put(e.name)
	if m.last > 0 {
		m.next[m.last-1][kindOf(typeCode(m.qtype))] = followerOf(place, e.code)
	}
	if fresh {
		m.next[place] = [kinds]follower{}
	}
	m.last, m.qtype = uint8(place)+1, e.qtype
	if kind != Fresh {
		return place
	}
	for rest := e.prefix; len(rest) > 0; {
		start := bytes.LastIndexByte(rest, '.') + 1
		m.labels.put(printOf[L](key.Sum(rest[start:])))
		rest = rest[:max(start-1, 0)]
	}
	return place
}

// held are the labels of a prefix that are held.
func (m *memory[P, L]) held(prefix []byte, key *keyhash.Key) (h held) {
	h.count = int(m.labels.size)
	if h.count == 0 {
		return h
	}
	for i := 0; len(prefix) > 0; i++ {
		start := bytes.LastIndexByte(prefix, '.') + 1
		if m.labels.find(printOf[L](key.Sum(prefix[start:]))) >= 0 {
			h.set(i)
		}
		prefix = prefix[:max(start-1, 0)]
	}
	return h
}
