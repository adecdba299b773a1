package trie

import (
	"encoding/binary"
	"fmt"
)

// Build makes a Trie of words, which are sorted, distinct and not empty; costs
// are parallel to words.
func Build(words []string, costs []int) (Trie, error) {
	for i, word := range words {
		if word == "" || i > 0 && word <= words[i-1] {
			return nil, fmt.Errorf("%q is empty, twice there or out of order", word)
		}
		for _, c := range word {
			if c < 'a' || c > 'z' {
				return nil, fmt.Errorf("%q is not of the letters a–z", word)
			}
		}
		if costs[i] < 1 || costs[i] > MaxCost {
			return nil, fmt.Errorf("cost of %q is %d, not in 1–%d", word, costs[i], MaxCost)
		}
	}
	b := builder{known: map[string]uint32{}}
	return b.layOut(b.node(words, costs, 0)), nil
}

// builder collects groups of siblings. While it does, a node's upper half is
// the number of the group below it.
type builder struct {
	groups [][]Node
	known  map[string]uint32 // number of a group by its nodes
}

// node is the node that the words, alike up to depth, share.
func (b *builder) node(words []string, costs []int, depth int) Node {
	var n Node
	if len(words) > 0 && len(words[0]) == depth {
		n = Node(costs[0]) << costShift
		words, costs = words[1:], costs[1:]
	}
	var children []Node
	for len(words) > 0 {
		letter, end := words[0][depth], 1
		for end < len(words) && words[end][depth] == letter {
			end++
		}
		n |= 1 << (letter - 'a')
		children = append(children, b.node(words[:end], costs[:end], depth+1))
		words, costs = words[end:], costs[end:]
	}
	if children != nil {
		n |= Node(b.number(children)) << childShift
	}
	return n
}

// number finds the group of these nodes, or makes it.
func (b *builder) number(group []Node) uint32 {
	key := make([]byte, 0, nodeSize*len(group))
	for _, n := range group {
		key = binary.LittleEndian.AppendUint64(key, uint64(n))
	}
	i, ok := b.known[string(key)]
	if !ok {
		i = uint32(len(b.groups))
		b.groups = append(b.groups, group)
		b.known[string(key)] = i
	}
	return i
}

// layOut writes the groups in the order in which a walk by levels meets them.
func (b *builder) layOut(root Node) Trie {
	nodes := []Node{root}
	places := make(map[uint32]Node, len(b.groups))
	for i := 0; i < len(nodes); i++ {
		n := nodes[i]
		if n&letterBits == 0 {
			continue
		}
		group := uint32(n >> childShift)
		at, ok := places[group]
		if !ok {
			at = Node(len(nodes))
			places[group] = at
			nodes = append(nodes, b.groups[group]...)
		}
		nodes[i] = n&(1<<childShift-1) | at<<childShift
	}
	var t Trie
	for _, n := range nodes {
		t = binary.LittleEndian.AppendUint64(t, uint64(n))
	}
	return t
}
