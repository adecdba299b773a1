package meter

import "time"

// past remembers what pairs had spent that are not held any more, in two
// generations of a day: at least for 24 hours, at most for 48. It never remembers
// too little. A pair that is not in it can be charged with what a pair of its bucket
// had spent whose room was needed: with as many buckets as a meter holds pairs, ten
// places each, a flood of a million SLDs that cost 17 bytes each leaves that below
// 64 bytes for more than 99 % of pairs (a test shows it). Buckets are chosen by
// keyed hashes, so nobody can aim at one. Not safe for concurrent use.
//
// A count-min sketch of the same error would take four times the memory: 64 bytes a
// bucket and generation here, a cache line.
type past struct {
	begun  time.Time // of the running generation
	now    []bucket
	before []bucket // nil until there is one
	mask   uint64
}

type bucket struct {
	prints [places]uint16
	up     [places]uint16 // in units of pastUnit
	down   [places]uint16
	lostUp uint16 // the most of those whose room was needed
	lostDn uint16
}

const (
	places   = 10
	pastUnit = 32 * bit // 4 bytes; a place holds 256 KiB at most

	generation = 24 * time.Hour
)

// newPast makes one for a meter that holds so many pairs.
func newPast(capacity int) past {
	n := 1
	for n < capacity {
		n *= 2
	}
	return past{mask: uint64(n - 1)}
}

func inUnits(n Bits) uint16 { return uint16(min((n+pastUnit-1)/pastUnit, 1<<16-1)) }

// put remembers what an account had spent.
func (p *past) put(a *account, at time.Time) {
	p.turn(at)
	if p.now == nil {
		p.now = make([]bucket, p.mask+1)
	}
	p.now[a.key>>24&p.mask].put(uint16(a.key>>8), inUnits(a.up.total), inUnits(a.down.total))
}

// spent is at least what the pair had spent when it was put.
func (p *past) spent(pair uint64, at time.Time) (up, down Bits) {
	if p.now == nil && p.before == nil {
		return 0, 0
	}
	p.turn(at)
	for _, g := range [][]bucket{p.now, p.before} {
		if g != nil {
			u, d := g[pair>>24&p.mask].spent(uint16(pair >> 8))
			up, down = max(up, Bits(u)*pastUnit), max(down, Bits(d)*pastUnit)
		}
	}
	return up, down
}

// turn begins a new generation when the running one is a day old.
func (p *past) turn(at time.Time) {
	switch age := at.Sub(p.begun); {
	case p.now == nil && p.before == nil:
		p.begun = at
	case age >= 2*generation:
		p.now, p.before, p.begun = nil, nil, at
	case age >= generation:
		p.now, p.before, p.begun = nil, p.now, p.begun.Add(generation)
	}
}

// put keeps the larger amounts of a print that is there. Of others the least gives
// way.
func (b *bucket) put(print, up, down uint16) {
	at, least := -1, ^uint32(0)
	for i := range places {
		if b.up[i] == 0 && b.down[i] == 0 {
			if at < 0 || least > 0 {
				at, least = i, 0
			}
			continue
		}
		if b.prints[i] == print {
			b.up[i], b.down[i] = max(b.up[i], up), max(b.down[i], down)
			return
		}
		if amount := uint32(b.up[i]) + uint32(b.down[i]); amount < least {
			at, least = i, amount
		}
	}
	b.lostUp, b.lostDn = max(b.lostUp, b.up[at]), max(b.lostDn, b.down[at])
	if uint32(up)+uint32(down) < least { // it is the least itself
		b.lostUp, b.lostDn = max(b.lostUp, up), max(b.lostDn, down)
		return
	}
	b.prints[at], b.up[at], b.down[at] = print, up, down
}

func (b *bucket) spent(print uint16) (up, down uint16) {
	for i := range places {
		if b.prints[i] == print && (b.up[i] > 0 || b.down[i] > 0) {
			return b.up[i], b.down[i]
		}
	}
	return b.lostUp, b.lostDn
}
