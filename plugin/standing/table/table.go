// Package table holds names, each popular or listed, in a form that is used as it
// lies in a file or in memory: nothing is unpacked and nothing allocated.
//
// The names lie in buckets by their hash, at least as many buckets as names. All
// integers are little-endian:
//
//	bytes 0–7    seed of the hash
//	bytes 8–11   number of popular names
//	bytes 12–15  number of listed names
//	bytes 16–19  binary logarithm of the number of buckets
//
// then four bytes a bucket and four more: where the names of the bucket begin,
// which is where those of the one before it end; then the names. A name is one
// byte, its length and 128 if it is popular, and its bytes.
//
// A look-up reads two neighbouring integers and the names between them, in most
// cases one or none. The whole name is compared: a hash alone, and a filter,
// would take a name for a popular one that somebody searched for and registered.
package table

import (
	"encoding/binary"
	"math/bits"
)

const (
	popularAt = 8
	listedAt  = 12
	bitsAt    = 16
	bucketsAt = 20
	wordSize  = 4

	popularBit = 0x80
	lengthMask = 0x7f
)

// MaxName is the longest name that a table holds, in bytes. Few names of the DNS
// below a public suffix are half as long.
const MaxName = lengthMask

// Table is a file of that form, as Builder makes it; the empty one has no names.
// Safe for concurrent use; immutable.
type Table string

// Find reports whether the table has the name, and whether as a popular one. It
// does not allocate.
func (t Table) Find(name []byte) (popular, found bool) {
	if len(t) < bucketsAt || len(name) > MaxName {
		return false, false
	}
	shift := 64 - t.word(bitsAt)
	bucket := int(hash(name, t.seed()) >> shift)
	at, end := t.bucket(bucket), t.bucket(bucket+1)
	names := t[t.namesAt():]
	for at < end {
		head := names[at]
		from, to := at+1, at+1+int(head&lengthMask)
		if to-from == len(name) && string(names[from:to]) == string(name) {
			return head&popularBit != 0, true
		}
		at = to
	}
	return false, false
}

// Len is the number of popular names and of listed ones.
func (t Table) Len() (popular, listed int) {
	if len(t) < bucketsAt {
		return 0, 0
	}
	return int(t.word(popularAt)), int(t.word(listedAt))
}

// bucket is where the names of a bucket begin, after namesAt.
func (t Table) bucket(i int) int { return int(t.word(bucketsAt + wordSize*i)) }

func (t Table) buckets() int { return 1 << t.word(bitsAt) }

func (t Table) namesAt() int { return bucketsAt + wordSize*(t.buckets()+1) }

// The conversions copy nothing.

func (t Table) word(at int) uint32 {
	return binary.LittleEndian.Uint32([]byte(t[at : at+wordSize]))
}

func (t Table) seed() uint64 { return binary.LittleEndian.Uint64([]byte(t[:popularAt])) }

// hash spreads names over buckets. It takes eight bytes at a time, the last eight
// even if that takes some of them twice.
func hash(name []byte, seed uint64) uint64 {
	n := len(name)
	h := seed ^ uint64(n)
	switch {
	case n >= 8:
		for at := 0; at+8 < n; at += 8 {
			h = mix(h ^ binary.LittleEndian.Uint64(name[at:]))
		}
		return mix(h ^ binary.LittleEndian.Uint64(name[n-8:]))
	case n >= 4:
		first, last := binary.LittleEndian.Uint32(name), binary.LittleEndian.Uint32(name[n-4:])
		return mix(h ^ uint64(first)<<32 ^ uint64(last))
	}
	word := uint64(0)
	for _, c := range name {
		word = word<<8 | uint64(c)
	}
	return mix(h ^ word)
}

// mix spreads every bit of x over all bits: a product of twice the width, folded.
func mix(x uint64) uint64 {
	const golden = 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio
	hi, lo := bits.Mul64(x^golden, golden)
	return hi ^ lo
}
