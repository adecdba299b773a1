package meter

import (
	"sync/atomic"
	"unsafe"

	"github.com/notunnel/notunnel/plugin/keyhash"
	"github.com/notunnel/notunnel/plugin/slab"
)

// paid is what all accounts remember besides their last sixteen: which names and
// records each has paid for, what followed what, and the last reply to each name and
// type. It takes 64 bytes an account, a line of the processor's cache of eight entries,
// and what is forgotten is paid for again. All queries for a name stand in one line,
// chosen by the account and the name alone, and its replies in the line beside it: a
// query that follows as before touches one line, any other one two, a reply one and one
// for each record that is not among the last.
//
// Lines are chosen, and entries known, by keyed hashes, so nobody can aim at one. A
// name has 31 bits there: a new one is taken for one of the eight entries of a full
// line, or for what followed (30 bits), once in 214 million times: names are undercharged
// by less than 0.000001 %. Safe for concurrent use without a lock: an entry is written
// at once, and what a race loses is forgotten.
type paid struct {
	lines []line
	mask  uint64
}

// line has in its first half what was used again, and what is new displaces nothing of
// that. With three times as many accounts as there is room for, to poll 300 hosts in
// order costs 0.4 bits a query so, and would cost 1.2 if any entry could go.
type line [perLine]atomic.Uint64

const perLine = 8

// An entry is 31 bits of a name and 3 of a type, and 30 of what goes with them; or all
// bits of a record. 0 is none.
const (
	typeShift = 30
	nameShift = typeShift + 3

	ofName  = 1<<64 - 1<<nameShift
	ofEvent = 1<<64 - 1<<typeShift
	ofValue = 1<<typeShift - 1
	ofAll   = 1<<64 - 1
)

func newPaid(capacity int) paid {
	n := 1
	for n < capacity {
		n *= 2
	}
	return paid{lines: make([]line, n), mask: uint64(n - 1)}
}

// value is what is kept of a hash that goes with an entry; 0 is none.
func value(hash uint64) uint64 { return max(hash>>(64-typeShift), 1) }

// owner is whose entries are looked for: the key says in which lines they are, and the
// account's identity which they are.
type owner struct{ key, identity uint64 }

// at is where a line is that is chosen by a hash.
func (p *paid) at(o owner, hash uint64) uint64 { return keyhash.Mix(o.key, hash) & p.mask }

// ahead has the processor bring in the line of a name, and that of replies to it.
func (p *paid) ahead(key, hash uint64) {
	slab.Prefetch(unsafe.Pointer(&p.lines[p.at(owner{key: key}, hash)&^1]), 2)
}

// aheadRecord has it bring in the line of a record.
func (p *paid) aheadRecord(key, hash uint64) {
	slab.Prefetch(unsafe.Pointer(&p.lines[p.at(owner{key: key}, hash)]), 1)
}

// name is the line of a name of an account, and the bits that it is known by there.
func (p *paid) name(o owner, hash uint64) (*line, uint64) {
	return &p.lines[p.at(o, hash)], max(keyhash.Mix(o.identity, hash)&ofName, 1<<nameShift)
}

// event is the line of a name, and the bits that it is known by there with a type. Of
// types that share their bits the last one is remembered.
func (p *paid) event(o owner, hash uint64, qtype uint16) (*line, uint64) {
	l, name := p.name(o, hash)
	return l, name | uint64(typeCode(qtype))%(1<<(nameShift-typeShift))<<typeShift
}

// reply is what event is, for what came last: in the line beside it, in which it keeps no
// name from its place.
func (p *paid) reply(o owner, hash uint64, qtype uint16) (*line, uint64) {
	_, event := p.event(o, hash, qtype)
	return &p.lines[(p.at(o, hash)^1)&p.mask], max(event^0x5555_5555<<nameShift, 1<<nameShift)
}

// record is the line of a record of an account, and its entry.
func (p *paid) record(o owner, hash uint64) (*line, uint64) {
	return &p.lines[p.at(o, hash)], max(keyhash.Mix(keyhash.Mix(o.identity, hash), 1), 1)
}

// has reports whether a record of an account is there.
func (p *paid) has(o owner, hash uint64) bool {
	l, entry := p.record(o, hash)
	found, _ := l.find(entry, ofAll)
	return found != 0
}

// add takes a record of an account in. It returns false if it was there.
func (p *paid) add(o owner, hash uint64) bool {
	l, entry := p.record(o, hash)
	if found, _ := l.find(entry, ofAll); found != 0 {
		return false
	}
	l.put(nil, entry, ofAll)
	return true
}

// find returns the entry that agrees with the bits of a mask and where it is, 0 and nil if
// there is none. An empty place agrees with nothing, since no entry is without some of the
// bits. One of the second half changes places with one of the first.
func (l *line) find(want, mask uint64) (found uint64, at *atomic.Uint64) {
	for i := range l {
		if e := l[i].Load(); (e^want)&mask == 0 {
			at = &l[i]
			if i >= perLine/2 {
				first := &l[i-perLine/2]
				other := first.Load()
				first.Store(e)
				at.Store(other)
				at = first
			}
			return e, at
		}
	}
	return 0, nil
}

// put takes an entry in, for the one that agrees with it in the bits of a mask and was found
// there a moment ago. If there is none, it goes into the first empty place or into any of
// the second half.
func (l *line) put(at *atomic.Uint64, e, mask uint64) {
	if at != nil && (at.Load()^e)&mask != 0 { // somebody has looked for another one
		_, at = l.find(e, mask)
	}
	if at == nil {
		at = l.room(e)
	}
	at.Store(e)
}

func (l *line) room(e uint64) *atomic.Uint64 {
	for i := range l {
		if l[i].Load() == 0 {
			return &l[i]
		}
	}
	return &l[perLine/2+keyhash.Mix(e, l[0].Load()+l[perLine-1].Load())%(perLine/2)] // as good as any
}
