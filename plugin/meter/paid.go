package meter

import (
	"math/bits"
	"sync/atomic"
)

// paid is what all accounts remember besides their last sixteen: which names and
// records each has paid for, what followed what, and the last reply to each name and
// type. It takes 64 bytes an account, eight entries in a line of the processor's cache,
// and what is forgotten is paid for again. All that concerns a name stands in one line,
// chosen by the account and the name alone: what there is to know of a query, and of
// its reply, touches that line and no other.
//
// Lines are chosen, and entries known, by keyed hashes, so nobody can aim at one. A
// name has 31 bits there: a new one is taken for one of the eight entries of a full
// line, or for what followed (30 bits), once in 214 million times, and so undercharged
// by less than 0.000001 % of what names cost. Safe for concurrent use without a lock:
// an entry is written at once, and what a race loses is forgotten.
type paid struct {
	lines []line
	mask  uint64
}

// line has what was used again in its first half, which what is new does not displace.
type line [perLine]atomic.Uint64

const perLine = 8

// An entry is 31 bits of a name and 3 of a type, and 30 of what goes with them; or all
// bits of a record. 0 is none.
const (
	valueBits = 30
	typeBits  = 3

	ofAll   = 1<<64 - 1
	ofValue = 1<<valueBits - 1
	ofEvent = ofAll - ofValue
	ofName  = ofAll - (1<<(valueBits+typeBits) - 1)
)

func newPaid(capacity int) paid {
	n := 1
	for n < capacity {
		n *= 2
	}
	return paid{lines: make([]line, n), mask: uint64(n - 1)}
}

// mix spreads two keyed hashes over all bits.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0x9e3779b97f4a7c15, b^0xd1b54a32d192ed03)
	return hi ^ lo
}

// value is what is kept of a hash that goes with an entry; 0 is none.
func value(hash uint64) uint64 { return max(hash>>(64-valueBits), 1) }

// name is the line of a name of an account, and the bits that it is known by there.
func (p *paid) name(identity, hash uint64) (*line, uint64) {
	h := mix(identity, hash)
	return &p.lines[h&p.mask], max(h&ofName, 1<<(valueBits+typeBits))
}

// event is the line of a name, and the bits that it is known by there with a type. Of
// types that share their bits the last one is remembered.
func (p *paid) event(identity, hash uint64, qtype uint16) (*line, uint64) {
	l, name := p.name(identity, hash)
	return l, name | uint64(typeCode(qtype))%(1<<typeBits)<<valueBits
}

// reply is what event is, for what came last.
func (p *paid) reply(identity, hash uint64, qtype uint16) (*line, uint64) {
	l, event := p.event(identity, hash, qtype)
	return l, event ^ 0x5555_5555<<(valueBits+typeBits)
}

// record is the line of a record of an account, and its entry.
func (p *paid) record(identity, hash uint64) (*line, uint64) {
	h := mix(identity, hash)
	return &p.lines[h&p.mask], max(mix(h, 1), 1)
}

// find returns the entry that agrees with the bits of a mask, 0 if there is none. One
// from the second half changes places with one from the first.
func (l *line) find(want, mask uint64) uint64 {
	for i := range l {
		e := l[i].Load()
		if (e^want)&mask != 0 {
			continue
		}
		if first := &l[i%(perLine/2)]; i >= perLine/2 {
			other := first.Load()
			first.Store(e)
			l[i].Store(other)
		}
		return e
	}
	return 0
}

// put takes an entry in: for the one that agrees with it in the bits of a mask, into
// an empty place, or for any of the second half.
func (l *line) put(e, mask uint64) {
	at, all := -1, e
	for i := range l {
		old := l[i].Load()
		if (old^e)&mask == 0 {
			at = i
			break
		}
		if old == 0 && at < 0 {
			at = i
		}
		all += old
	}
	if at < 0 {
		at = perLine/2 + int(mix(all, 0)%(perLine/2)) // whatever stands there
	}
	l[at].Store(e)
}
