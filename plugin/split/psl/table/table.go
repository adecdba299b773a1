// Package table holds the rules of a public suffix list in a form that is used
// as it lies in a file: nothing is unpacked and nothing allocated.
//
// The rules are a tree of labels, read from the right: below the root stands
// "uk", below it "co". All edges of the tree are in one hash table with open
// addressing and linear probing, whose key is a parent and a label. The file begins
// with a bit a slot, the lowest of the first byte for the first: whether it is taken.
// They are few enough to stay at hand, and nearly every label that a stranger chooses
// needs no more than its bit. Then come the slots, eight bytes each, little-endian, 0
// for none:
//
//	bits 0–15   where the label begins in the text
//	bits 16–17  kind of the node
//	bit  18     *.node is a rule
//	bit  19     the rules of the node are of the list's private part
//	bit  20     the node has children
//	bits 21–26  bytes of the label
//	bits 27–42  parent: its slot + 1, or 0 for the root
//	bits 43–63  fingerprint of the label, out of its hash
//
// After the slots comes the text that the labels are parts of. Bits 21–63 tell
// nearly every other label apart without a look at the text, but the text
// decides: fingerprints alike are easily found by whoever looks for them.
//
// Two thirds of the slots are empty. With twice the nodes to a slot a look-up
// of many names takes a fifth longer, and the longest probe is 60 slots, not 16.
package table

import (
	"encoding/binary"
	"math/bits"
)

const (
	slotBits = 15
	slots    = 1 << slotBits
	slotSize = 8
	slotsAt  = slots / 8
	textAt   = slotsAt + slots*slotSize

	offsetBits  = 16
	kindShift   = 16
	kindMask    = 3
	wildcardBit = 1 << 18
	privateBit  = 1 << 19
	childrenBit = 1 << 20

	// The key: length, parent and fingerprint.
	keyShift    = 21
	lengthBits  = 6
	maxLabel    = 1<<lengthBits - 1
	parentShift = lengthBits
	parentBits  = slotBits + 1
	printShift  = parentShift + parentBits
	printMask   = 1<<(64-keyShift-printShift) - 1
)

// Table is a file of that form, as Build makes it. Safe for concurrent use;
// immutable.
type Table string

// Kind says what the labels from a node to the right are.
type Kind uint8

const (
	// Inner nodes only lead on to longer rules.
	Inner Kind = iota
	// Rule nodes are a rule.
	Rule
	// Exception nodes are an exception from the wildcard rule of their parent.
	Exception
)

// Node is where a walk has come to. The zero value is no node.
type Node uint64

// Kind is that of the node.
func (n Node) Kind() Kind { return Kind(n >> kindShift & kindMask) }

// Wildcard reports whether there is a rule *.node.
func (n Node) Wildcard() bool { return n&wildcardBit != 0 }

// Private reports whether the rules of the node are of the list's private part.
func (n Node) Private() bool { return n&privateBit != 0 }

// HasChildren reports whether a label more can lead to another node.
func (n Node) HasChildren() bool { return n&childrenBit != 0 }

// Parent names a node as the parent of others.
type Parent uint32

// Root is the parent of the top levels.
const Root Parent = 0

// Child finds the node of a label below a parent, and what it is called as a
// parent itself. The hash is the label's, as Label returned it for that parent.
func (t Table) Child(parent Parent, label []byte, hash uint64) (Node, Parent) {
	slot := home(hash)
	if t[slot/8]>>(slot%8)&1 == 0 {
		return 0, Parent(slot + 1)
	}
	for key := keyOf(parent, len(label), hash); ; slot = (slot + 1) % slots {
		n := t.slot(slot)
		if n == 0 || n>>keyShift == key && string(label) == t.label(n) {
			return n, Parent(slot + 1)
		}
	}
}

// slot is what stands in the slot. The conversion copies nothing.
func (t Table) slot(i int) Node {
	at := slotsAt + slotSize*i
	return Node(binary.LittleEndian.Uint64([]byte(t[at : at+slotSize])))
}

func (t Table) label(n Node) string {
	begin := textAt + int(n&(1<<offsetBits-1))
	return string(t[begin : begin+int(n>>keyShift&maxLabel)])
}

func keyOf(parent Parent, length int, hash uint64) Node {
	return Node(length&maxLabel) | Node(parent)<<parentShift | Node(hash&printMask)<<printShift
}

func home(hash uint64) int { return int(hash >> (64 - slotBits)) }

const (
	everyByte = 0x0101010101010101
	dots      = '.' * everyByte
	sevenBits = 0x7f * everyByte
)

// Label finds where the label that ends before name[end] begins, and its hash
// below the parent. It takes eight bytes at a time: byte by byte, the end of
// nearly every label is a branch predicted wrongly.
func Label(name []byte, end int, parent Parent) (begin int, hash uint64) {
	hash = mix(uint64(parent))
	for ; ; end -= 8 {
		word := wordBefore(name, end)
		other := word ^ dots
		other = other&sevenBits + sevenBits | other | sevenBits // 0x7f for a dot, else 0xff
		n := bits.LeadingZeros64(^other) / 8                    // bytes after the last dot
		if n < 8 {
			return end - n, mix(hash ^ word>>(64-8*n))
		}
		hash = mix(hash ^ word)
	}
}

// wordBefore is the eight bytes before name[end], the first one lowest. Before
// the name there are dots.
func wordBefore(name []byte, end int) uint64 {
	switch {
	case end >= 8:
		return binary.LittleEndian.Uint64(name[end-8:])
	case len(name) >= 8:
		return binary.LittleEndian.Uint64(name)<<(64-8*end) | dots>>(8*end)
	}
	word := uint64(dots)
	for _, c := range name[:end] {
		word = word>>8 | uint64(c)<<56
	}
	return word
}

// mix spreads every bit of x over all bits: a product of twice the width, folded.
func mix(x uint64) uint64 {
	const golden = 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio
	hi, lo := bits.Mul64(x^golden, golden)
	return hi ^ lo
}
