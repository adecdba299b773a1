package meter

import (
	"sync"
	"time"
	"unsafe"

	"github.com/notunnel/notunnel/plugin/slab"
)

// pasts is how many parts the memory of accounts that had to go has, each with a lock.
const pasts = 32

// guarded is one of them. Safe for concurrent use.
type guarded struct {
	mu   sync.Mutex
	held past
	made uint64 // accounts so far
}

// begin numbers an account that begins, and says what it had spent before.
func (g *guarded) begin(key uint64, at time.Time) (number uint64, up, down Bits) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.made++
	up, down = g.held.spent(key, at)
	return g.made, up, down
}

// ahead has the processor bring in what is remembered of an account in the running
// generation.
func (g *guarded) ahead(key uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if of := g.held.buckets[0]; of != nil {
		slab.Prefetch(unsafe.Pointer(&of[key>>24&g.held.mask]), 1)
	}
}

func (g *guarded) put(key uint64, up, down Bits, at time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held.put(key, up, down, at)
}

func (g *guarded) spent(key uint64, at time.Time) (up, down Bits) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.held.spent(key, at)
}

// past remembers what accounts had spent that are not held any more, in two
// generations of a day: for 24 hours at least, for 48 at most. It never remembers too
// little. An account that is not in it can be charged with what another one of its
// bucket had spent whose room was needed: with as many buckets as accounts are held,
// ten places each, a flood of a million SLDs that cost some 20 bytes each leaves that
// below 64 bytes for more than 99 % of accounts (a test shows it). Buckets are chosen
// by keyed hashes, so nobody can aim at one. It takes 64 bytes an account that is
// held, and a day later twice that. Not safe for concurrent use.
type past struct {
	begun   time.Time      // of the running generation
	buckets [days][]bucket // nil until there is something to remember; the running generation first
	mask    uint64
}

type bucket struct {
	prints [places]uint16
	up     [places]uint16 // in units of pastUnit
	down   [places]uint16
	lostUp uint16 // the most of those whose room was needed
	lostDn uint16
}

const (
	days     = 2 // generations
	places   = 10
	pastUnit = 32 * bit // 4 bytes; a place holds 256 KiB at most

	generation = 24 * time.Hour
)

// newPast makes one for so many accounts.
func newPast(capacity int) past {
	n := 1
	for n < capacity {
		n *= 2
	}
	return past{mask: uint64(n - 1)}
}

func inUnits(n Bits) uint16 { return uint16(min((n+pastUnit-1)/pastUnit, 1<<16-1)) }

// put remembers what an account had spent since it was made.
func (p *past) put(key uint64, up, down Bits, at time.Time) {
	if p.empty() {
		p.begun = at
	}
	p.turn(at)
	if p.buckets[0] == nil {
		p.buckets[0] = make([]bucket, p.mask+1)
	}
	p.buckets[0][key>>24&p.mask].put(uint16(key>>8), inUnits(up), inUnits(down))
}

// spent is at least what was put of the account in the day before.
func (p *past) spent(pair uint64, at time.Time) (up, down Bits) {
	p.turn(at)
	for _, buckets := range p.buckets {
		if buckets != nil {
			u, d := buckets[pair>>24&p.mask].spent(uint16(pair >> 8))
			up, down = plus(up, Bits(u)*pastUnit), plus(down, Bits(d)*pastUnit)
		}
	}
	return up, down
}

func (p *past) empty() bool { return p.buckets[0] == nil && p.buckets[1] == nil }

// turn begins a new generation when the running one is a day old.
func (p *past) turn(at time.Time) {
	if p.empty() {
		return
	}
	age := at.Sub(p.begun)
	if age < generation {
		return
	}
	p.begun = p.begun.Add(generation)
	p.buckets[0], p.buckets[1] = p.buckets[1], p.buckets[0]
	clear(p.buckets[0])
	if age >= days*generation {
		p.begun = at
		clear(p.buckets[1])
	}
}

// put adds to the amounts of a print that is there. One that is not can have been,
// and so begins with the most that was lost. If there is no room, the least is lost.
func (b *bucket) put(print, up, down uint16) {
	at, least := -1, ^uint32(0)
	for i := range places {
		amount := uint32(b.up[i]) + uint32(b.down[i])
		if amount > 0 && b.prints[i] == print {
			b.up[i], b.down[i] = plus16(b.up[i], up), plus16(b.down[i], down)
			return
		}
		if amount < least {
			at, least = i, amount
		}
	}
	up, down = plus16(b.lostUp, up), plus16(b.lostDn, down)
	if least > 0 && uint32(up)+uint32(down) < least { // it is the least itself
		b.lostUp, b.lostDn = max(b.lostUp, up), max(b.lostDn, down)
		return
	}
	b.lostUp, b.lostDn = max(b.lostUp, b.up[at]), max(b.lostDn, b.down[at])
	b.prints[at], b.up[at], b.down[at] = print, up, down
}

func plus16(a, b uint16) uint16 { return a + min(b, 1<<16-1-a) }

func (b *bucket) spent(print uint16) (up, down uint16) {
	for i := range places {
		if b.prints[i] == print && (b.up[i] > 0 || b.down[i] > 0) {
			return b.up[i], b.down[i]
		}
	}
	return b.lostUp, b.lostDn
}
