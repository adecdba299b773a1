// Package trie holds words of the letters a–z, each with a cost, in a form that
// is used as it lies in a file: nothing is unpacked and nothing allocated.
//
// A node is eight bytes, little-endian:
//
//	bits 0–25   the letters that lead on
//	bits 26–31  the cost of the word that ends here, 0 for none
//	bits 32–63  index of the first child
//
// Children stand together in the order of their letters, so that a popcount
// finds one. Groups of children that are alike in all that follows are stored
// once. The root is node 0, and nodes lie in breadth-first order: the levels
// near the root, which every walk passes, stay in the cache.
package trie

import (
	"encoding/binary"
	"math/bits"
)

const (
	nodeSize   = 8
	letterBits = 1<<26 - 1
	costShift  = 26
	childShift = 32

	// MaxCost is the greatest cost that a word can have; the least is 1.
	MaxCost = 1<<6 - 1
)

// Trie is a file of that form, as Build makes it. Safe for concurrent use;
// immutable.
type Trie []byte

// Node is where a walk has come to.
type Node uint64

// Root is the node of the empty word.
func (t Trie) Root() Node { return t.node(0) }

func (t Trie) node(i int) Node { return Node(binary.LittleEndian.Uint64(t[nodeSize*i:])) }

// Child follows a letter a–z; false means that no word goes on so.
func (t Trie) Child(n Node, letter byte) (Node, bool) {
	bit := uint32(1) << (letter - 'a')
	if uint32(n)&bit == 0 {
		return 0, false
	}
	return t.node(int(n>>childShift) + bits.OnesCount32(uint32(n)&(bit-1))), true
}

// Cost is that of the word which ends at n, 0 for none.
func (n Node) Cost() uint8 { return uint8(uint32(n) >> costShift) }
