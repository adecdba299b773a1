package segment

import "math/bits"

// A node packs what its look-up needs into eight bytes.
type node struct {
	// Bits 0–25: the letters that lead on. Bits 26–31: the cost of the word
	// that ends here, 0 for none.
	mask uint32
	// Index of the first child; children stand together, in the order of
	// their letters, so that a popcount finds one.
	first uint32
}

const (
	letterBits = 1<<26 - 1
	maxCost    = 1<<6 - 1
)

// A trie holds words of the letters a–z with a cost from 1 to maxCost each.
// Nodes lie in breadth-first order: the levels near the root, which every walk
// passes, stay in the cache. Safe for concurrent use; immutable.
type trie struct {
	nodes []node
}

// newTrie builds a trie of words, which are sorted, distinct and not empty;
// costs are parallel to words.
func newTrie(words []string, costs []uint8) *trie {
	type span struct{ lo, hi int } // the words below one node
	level := []span{{0, len(words)}}
	t := &trie{nodes: make([]node, 0, 3*len(words)+1)}
	next := uint32(1)
	for depth := 0; len(level) > 0; depth++ {
		var below []span
		for _, s := range level {
			n := node{first: next}
			lo := s.lo
			if lo < s.hi && len(words[lo]) == depth {
				n.mask = uint32(costs[lo]) << 26
				lo++
			}
			for lo < s.hi {
				letter := words[lo][depth]
				hi := lo + 1
				for hi < s.hi && words[hi][depth] == letter {
					hi++
				}
				n.mask |= 1 << (letter - 'a')
				below = append(below, span{lo, hi})
				lo = hi
				next++
			}
			t.nodes = append(t.nodes, n)
		}
		level = below
	}
	return t
}

// root is the node of the empty word.
func (t *trie) root() node { return t.nodes[0] }

// child follows a letter a–z; false means that no word goes on so.
func (t *trie) child(n node, letter byte) (node, bool) {
	bit := uint32(1) << (letter - 'a')
	if n.mask&bit == 0 {
		return node{}, false
	}
	return t.nodes[n.first+uint32(bits.OnesCount32(n.mask&(bit-1)))], true
}

// cost is that of the word which ends at n, 0 for none.
func (t *trie) cost(n node) uint8 { return uint8(n.mask >> 26) }
