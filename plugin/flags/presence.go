package flags

import "sync/atomic"

// presence tells of most pairs that they have no flag: it counts the flags whose
// pairs share a place. With all flags held, one pair in eight has to be looked for.
// Two counters share a word, 256 KiB in all; each can count more flags than a table
// holds.
type presence [places / perWord]atomic.Uint32

const (
	placeBits = 17
	places    = 1 << placeBits
	perWord   = 2
)

// place is where a pair is counted: by its high bits, since the low ones choose
// the shard.
func (p *presence) place(pair uint64) (word *atomic.Uint32, shift uint) {
	at := pair >> (64 - placeBits)
	return &p[at/perWord], uint(at%perWord) * 16
}

func (p *presence) maybe(pair uint64) bool {
	word, shift := p.place(pair)
	return word.Load()>>shift&0xffff != 0
}

func (p *presence) add(pair uint64) {
	word, shift := p.place(pair)
	word.Add(1 << shift)
}

func (p *presence) remove(pair uint64) {
	word, shift := p.place(pair)
	word.Add(-(uint32(1) << shift))
}
