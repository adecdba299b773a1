package flags

import (
	"sync"
	"sync/atomic"
)

// presence tells of most pairs that they have no flag. Pairs share places; a bit says
// whether a place has a flag, and every query looks at one: 16 KiB, little enough to stay in
// the processor's cache. Beside the bits flags are counted for each place, as many as a
// table holds. With all flags held, one pair in eight has to be looked for.
type presence struct {
	bits   [places / 64]atomic.Uint64
	mu     sync.Mutex // of who changes them
	counts [places]uint16
}

const (
	placeBits = 17
	places    = 1 << placeBits
)

// placeOf is where a pair is counted: by its high bits, since the low ones choose
// the shard.
func placeOf(pair uint64) uint64 { return pair >> (64 - placeBits) }

func (p *presence) maybe(pair uint64) bool {
	at := placeOf(pair)
	return p.bits[at/64].Load()>>(at%64)&1 != 0
}

func (p *presence) add(pair uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := placeOf(pair)
	if p.counts[at]++; p.counts[at] == 1 {
		p.bits[at/64].Or(1 << (at % 64))
	}
}

func (p *presence) remove(pair uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := placeOf(pair)
	if p.counts[at]--; p.counts[at] == 0 {
		p.bits[at/64].And(^uint64(1 << (at % 64)))
	}
}
