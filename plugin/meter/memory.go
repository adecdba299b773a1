package meter

import (
	"bytes"
	"math"
	"sync/atomic"

	"github.com/notunnel/notunnel/plugin/keyhash"
)

// most is how many names, labels and records of a pair are remembered by itself.
const most = 16

// print is what is remembered of a name, a label or a record: a part of its keyed
// hash, never 0. Names have 32 bits: a new one is taken for one of sixteen held ones
// once in 268 million times. Who is refused can try, but will not find one. Of labels
// and records each try is paid for, and 16 bits undercharge by 0.03 % at most. Tests
// use more.
type print interface{ uint16 | uint32 | uint64 }

func printOf[P print](hash uint64) P { return max(P(hash), 1) }

// few of them are at hand; what else there is lies elsewhere, since most pairs have no
// more.
const few = 4

// recent is a set of the last sixteen prints, the one used last first.
type recent[P print] struct {
	size   uint8
	prints [few]P
}

// tail has those that are not at hand.
type tail[P print] [most - few]P

// find returns the place, or -1. The tail may be nil where there is none.
func (r *recent[P]) find(p P, t *tail[P]) int {
	for i, q := range r.prints[:min(r.size, few)] {
		if q == p {
			return i
		}
	}
	if r.size > few {
		for i, q := range t[:r.size-few] {
			if q == p {
				return few + i
			}
		}
	}
	return -1
}

// put takes a print in or makes it the one used last. The one unused for longest goes
// if there is no room. There is a tail unless all are at hand.
func (r *recent[P]) put(p P, t *tail[P]) {
	place := r.find(p, t)
	if place < 0 {
		r.size = min(r.size+1, most)
		place = int(r.size) - 1
	}
	if place >= few {
		copy(t[1:place-few+1], t[:place-few])
		t[0] = r.prints[few-1]
		place = few - 1
	}
	copy(r.prints[1:place+1], r.prints[:place])
	r.prints[0] = p
}

// memory is what the code knows of a pair's events so far. What it does not know
// any more is paid for again.
type memory[P, L print] struct {
	last   uint64    // hash of the last name
	run    uint32    // how often it has been repeated since
	fresh  uint32    // names that were new
	qtype  uint16    // of the last name
	asked  bool      // there was one
	names  recent[P] // the last one first
	labels recent[L]
}

// tails are those of its sets.
type tails[P, L print] struct {
	names  tail[P]
	labels tail[L]
}

// ofNames and ofLabels are nil where there are none.
func (t *tails[P, L]) ofNames() *tail[P] {
	if t == nil {
		return nil
	}
	return &t.names
}

func (t *tails[P, L]) ofLabels() *tail[L] {
	if t == nil {
		return nil
	}
	return &t.labels
}

// Kind is how an event relates to those before.
type Kind uint8

const (
	Same  Kind = iota // name and type of the last one: how often is paid for when it ends
	Next              // what followed the last one the time before
	Again             // a name that was paid for
	Fresh             // any other
)

// event is a name asked with a type, and what is remembered of it beyond the memory.
type event struct {
	prefix []byte // canonical
	hash   uint64 // of the prefix
	qtype  uint16
	code   uint8

	follows bool // it followed the last event the time before
	held    bool // its name is one of the last
	paid    bool // its name was paid for
	labels  held // of a fresh one: those that are held

	line *line          // of the last event, if that was looked at
	of   uint64         // what the last event is known by there
	next *atomic.Uint64 // what followed it, nil if that is not known
}

// price says what an event other than the last one costs after those before, and how it
// relates to them.
func (m *memory[P, L]) price(c *Code, e *event, key *keyhash.Key, t *tails[P, L]) (Bits, Kind) {
	price := priceRun(m.run)
	switch {
	case m.asked && e.follows:
		return price + priceNext, Next
	case e.held:
		return price + priceAgain + priceOfOne(int(m.names.size)) + priceType(e.code), Again
	case e.paid:
		return price + priceFar + priceOfOne(int(m.fresh)) + priceType(e.code), Again
	}
	e.labels = m.held(e.prefix, key, t)
	return price + priceNew + priceType(e.code) + c.prefix(e.prefix, &e.labels), Fresh
}

// is reports whether an event has name and type of the last one.
func (m *memory[P, L]) is(hash uint64, qtype uint16) bool {
	return m.asked && m.last == hash && m.qtype == qtype
}

// holds reports whether a name is one of the last.
func (m *memory[P, L]) holds(hash uint64, t *tails[P, L]) bool {
	return hash == m.last && m.asked || m.names.find(printOf[P](hash), t.ofNames()) >= 0
}

// outgrows reports whether a set can need its tail after an event.
func (m *memory[P, L]) outgrows(e *event, kind Kind) bool {
	return m.names.size >= few ||
		kind == Fresh && int(m.labels.size)+1+bytes.Count(e.prefix, []byte{'.'}) > few
}

// repeat takes the last event in once more.
func (m *memory[P, L]) repeat() { m.run += min(1, math.MaxUint32-m.run) }

// remember takes an event other than the last one in. There are tails if a set outgrows what is at hand.
func (m *memory[P, L]) remember(e *event, kind Kind, key *keyhash.Key, t *tails[P, L]) {
	if !m.asked || e.hash != m.last {
		m.names.put(printOf[P](e.hash), t.ofNames())
	}
	m.last, m.qtype, m.asked, m.run = e.hash, e.qtype, true, 0
	if kind != Fresh {
		return
	}
	m.fresh += min(1, math.MaxUint32-m.fresh)
	for rest := e.prefix; len(rest) > 0; {
		start := bytes.LastIndexByte(rest, '.') + 1
		m.labels.put(printOf[L](key.Sum(rest[start:])), t.ofLabels())
		rest = rest[:max(start-1, 0)]
	}
}

// held are the labels of a prefix that are held.
func (m *memory[P, L]) held(prefix []byte, key *keyhash.Key, t *tails[P, L]) (h held) {
	h.count = int(m.labels.size)
	if h.count == 0 {
		return h
	}
	for i := 0; len(prefix) > 0; i++ {
		start := bytes.LastIndexByte(prefix, '.') + 1
		if m.labels.find(printOf[L](key.Sum(prefix[start:])), t.ofLabels()) >= 0 {
			h.set(i)
		}
		prefix = prefix[:max(start-1, 0)]
	}
	return h
}
