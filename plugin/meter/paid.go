package meter

import "math/bits"

// paid is what all accounts of a shard remember besides their last sixteen: which
// names and records each has paid for, what followed what, and the last reply to each
// name. A place has 32 bits of the hash that stands there; another one takes the place
// for itself, and what is forgotten is paid for again.
type paid struct {
	names, records []uint32
	next, replies  []uint32
	serial         uint64 // of the last account
	mask           uint64
}

// perAccount is how many places of each table there are to an account.
const perAccount = 4

func newPaid(capacity int) paid {
	n := 1
	for n < perAccount*capacity {
		n *= 2
	}
	all := make([]uint32, 4*n)
	return paid{names: all[:n], records: all[n : 2*n], next: all[2*n : 3*n], replies: all[3*n:], mask: uint64(n - 1)}
}

// identity is what an account is known by in these tables: nothing of one that had its
// key before is found.
func (p *paid) identity(key uint64) uint64 {
	p.serial++
	return mix(key, p.serial)
}

// spot is where a hash of an account stands, and the print that it is known by there.
func (p *paid) spot(identity, hash uint64) (at uint64, print uint32) {
	h := mix(identity, hash)
	return h & p.mask, max(uint32(h>>32), 1)
}

// mix spreads two keyed hashes over all bits.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0x9e3779b97f4a7c15, b^0xd1b54a32d192ed03)
	return hi ^ lo
}

// has reports whether a table remembers the hash.
func (p *paid) has(table []uint32, identity, hash uint64) bool {
	at, print := p.spot(identity, hash)
	return table[at] == print
}

func (p *paid) put(table []uint32, identity, hash uint64) {
	at, print := p.spot(identity, hash)
	table[at] = print
}

// value is the place for what goes with a hash.
func (p *paid) value(table []uint32, identity, hash uint64) *uint32 {
	at, _ := p.spot(identity, hash)
	return &table[at]
}
