package table

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"
)

// Builder collects names for a table. It takes sixteen bytes a name besides
// those of the names themselves, those that are there twice included.
type Builder struct {
	seed    uint64
	text    []byte // heads and names, as in a table
	entries []entry
}

// entry is a name of the text.
type entry struct {
	hash uint64
	at   uint32
}

// NewBuilder begins a table without names. Who knows the seed can make names
// that lie in one bucket; the same seed and names give the same bytes.
func NewBuilder(seed uint64) *Builder { return &Builder{seed: seed} }

// Add adds a name in canonical form. One that is added twice is there once, and
// popular if it was so once.
func (b *Builder) Add(name []byte, popular bool) error {
	if len(name) == 0 || len(name) > MaxName {
		return fmt.Errorf("%q has %d bytes, and a list takes names of 1 to %d: leave it out", name, len(name), MaxName)
	}
	at, head := len(b.text), byte(len(name))
	if at+1+len(name) > math.MaxUint32 {
		return fmt.Errorf("%q is beyond the 4 GiB of names that a list takes: leave some out", name)
	}
	if popular {
		head |= popularBit
	}
	b.text = append(append(b.text, head), name...)
	b.entries = append(b.entries, entry{hash: hash(name, b.seed), at: uint32(at)})
	return nil
}

// Table is the table of what was added so far.
func (b *Builder) Table() Table {
	slices.SortFunc(b.entries, func(x, y entry) int {
		if c := cmp.Compare(x.hash, y.hash); c != 0 {
			return c
		}
		if c := bytes.Compare(b.name(x), b.name(y)); c != 0 {
			return c
		}
		return cmp.Compare(b.text[y.at], b.text[x.at]) // the popular one first
	})
	b.entries = slices.CompactFunc(b.entries, func(x, y entry) bool {
		return x.hash == y.hash && bytes.Equal(b.name(x), b.name(y))
	})
	distinct := b.entries
	size, popular := 0, 0
	for _, e := range distinct {
		size += 1 + len(b.name(e))
		if b.text[e.at]&popularBit != 0 {
			popular++
		}
	}
	width := bits.Len(uint(max(len(distinct), 1) - 1)) // the fewest buckets that are no fewer than the names
	var t strings.Builder
	t.Grow(bucketsAt + wordSize*(1<<width+1) + size)
	word := func(n int) { t.Write(binary.LittleEndian.AppendUint32(nil, uint32(n))) }
	t.Write(binary.LittleEndian.AppendUint64(nil, b.seed))
	word(popular)
	word(len(distinct) - popular)
	word(width)
	at, next := 0, 0
	for bucket := range 1<<width + 1 {
		for next < len(distinct) && int(distinct[next].hash>>(64-width)) < bucket {
			at += 1 + len(b.name(distinct[next]))
			next++
		}
		word(at)
	}
	for _, e := range distinct {
		t.Write(b.text[e.at : int(e.at)+1+len(b.name(e))])
	}
	return Table(t.String())
}

func (b *Builder) name(e entry) []byte {
	from := int(e.at) + 1
	return b.text[from : from+int(b.text[e.at]&lengthMask)]
}

// Longest is the number of names in the fullest bucket, the most that a look-up
// reads.
func (t Table) Longest() (longest int) {
	for i := range t.buckets() {
		n := 0
		for at := t.bucket(i); at < t.bucket(i+1); n++ {
			at += 1 + int(t[t.namesAt()+at]&lengthMask)
		}
		longest = max(longest, n)
	}
	return longest
}
