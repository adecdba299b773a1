package verdict

import (
	"bytes"
	"hash/maphash"
	"math/bits"
	"slices"
)

// nameSet is a large set of names, each of which stands for itself, for all below it,
// or for both. It keeps 62 bits of a name's hash under a key of its own, so that two
// names are taken for one once in 10¹² queries against a million entries, and nobody can
// look for such a pair. An entry takes 16 bytes, and each domain that entries are below
// 2 to 4 of a filter that tells of most names that nothing is to be found. The zero value is empty. Immutable, and safe for
// concurrent use.
type nameSet struct {
	seed   maphash.Seed
	slots  []uint64 // hash and reach; 0 is none. What finds its slot taken stands in the next free one
	filter []uint64 // of the last two labels of entries: three bits in one word
	depths uint64   // a bit for each number of labels that entries have, a single one lowest
	size   int
}

const deepest = 63

// reach is what an entry stands for.
type reach uint64

const (
	itself reach = 1 << iota
	below

	reachMask = uint64(itself | below)
)

// find returns the part of the name that an entry is about, the whole or an end of it.
// It does not allocate. name is canonical.
func (s *nameSet) find(name []byte) (scope []byte, ok bool) {
	if s.size == 0 {
		return nil, false
	}
	at := len(name) + 1
	for depth := 0; at > 0; depth++ {
		at = bytes.LastIndexByte(name[:at-1], '.') + 1
		rooted := depth == 1 // the filter knows
		if !rooted && s.depths>>min(depth, deepest)&1 == 0 {
			continue
		}
		hash := s.hash(name[at:])
		if rooted && !s.maybe(hash) {
			return nil, false
		}
		r := below
		if at == 0 {
			r = itself
		}
		if s.has(hash, r) {
			return name[at:], true
		}
	}
	return nil, false
}

// maybe tells of most hashes of two labels that no entry ends in them.
func (s *nameSet) maybe(hash uint64) bool {
	word, mask := s.place(hash)
	return s.filter[word]&mask == mask
}

func (s *nameSet) hash(name []byte) uint64 {
	return max(maphash.Bytes(s.seed, name)&^reachMask, reachMask+1)
}

// has reports whether there is an entry of the hash that reaches so far.
func (s *nameSet) has(hash uint64, r reach) bool {
	for at := s.home(hash); s.slots[at] != 0; {
		if s.slots[at]&^reachMask == hash {
			return s.slots[at]&uint64(r) != 0
		}
		if at++; at == len(s.slots) {
			at = 0
		}
	}
	return false
}

func (s *nameSet) home(hash uint64) int {
	high, _ := bits.Mul64(hash, uint64(len(s.slots)))
	return int(high)
}

// place is where the filter knows a hash. It takes other bits than home looks at.
func (s *nameSet) place(hash uint64) (word int, mask uint64) {
	h := hash * 0x9e3779b97f4a7c15
	return int(h >> 16 & uint64(len(s.filter)-1)), 1<<(h>>58) | 1<<(h>>52&63) | 1<<(h>>46&63)
}

// nameSetBuilder collects names, in 16 bytes each.
type nameSetBuilder struct {
	set     nameSet
	entries []uint64
	roots   []uint64 // hashes of their last two labels
}

func newNameSetBuilder() *nameSetBuilder {
	return &nameSetBuilder{set: nameSet{seed: maphash.MakeSeed()}}
}

// add takes in a name in canonical form.
func (b *nameSetBuilder) add(name []byte, r reach) {
	b.entries = append(b.entries, b.set.hash(name)|uint64(r))
	b.set.depths |= 1 << min(bytes.Count(name, []byte(".")), deepest)
	last := max(bytes.LastIndexByte(name, '.'), 0)
	b.roots = append(b.roots, b.set.hash(name[bytes.LastIndexByte(name[:last], '.')+1:]))
}

// build makes the set. The builder is of no use after that.
func (b *nameSetBuilder) build() nameSet {
	slices.Sort(b.entries)
	distinct := b.entries[:0]
	for _, e := range b.entries {
		if n := len(distinct); n > 0 && distinct[n-1]&^reachMask == e&^reachMask {
			distinct[n-1] |= e
			continue
		}
		distinct = append(distinct, e)
	}
	s := b.set
	s.size = len(distinct)
	s.slots = make([]uint64, s.size*2+1)
	for _, e := range distinct {
		at := s.home(e &^ reachMask)
		for s.slots[at] != 0 {
			at = (at + 1) % len(s.slots)
		}
		s.slots[at] = e
	}
	slices.Sort(b.roots)
	b.roots = slices.Compact(b.roots)
	words := 1
	for words < len(b.roots)/4 { // 16 to 32 bits each
		words *= 2
	}
	s.filter = make([]uint64, words)
	for _, root := range b.roots {
		word, mask := s.place(root)
		s.filter[word] |= mask
	}
	return s
}
