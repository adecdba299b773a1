// Package forest runs a random forest of two classes: the probability that a
// feature vector is of the second one.
//
// A Forest is compiled once from the ONNX operator TreeEnsembleClassifier as
// skl2onnx writes it, and agrees with ONNX Runtime to about 1e-6: a value that
// equals a threshold goes left, and the leaves of all trees add up.
package forest

import (
	"errors"
	"math"
)

// Forest is a compiled forest. It is immutable and safe for concurrent use.
type Forest struct {
	features int
	trees    int
	size     int // nodes of the trees
	nodes    []node
	means    []float32 // of each node: the mean share of the training rows that came to it
	groups   []group
}

// lanes is how many trees are walked side by side: a step waits for two loads,
// and meanwhile the others take theirs. No step is a jump that could be
// mispredicted, so all trees of a group go as many steps as its deepest one
// has levels; a leaf leads to itself.
const lanes = 8

// group is as many trees, of about the same depth.
type group struct {
	depth int // steps from a root to the furthest leaf
	roots [lanes]uint32
}

// node packs a branch or a leaf into eight bytes:
//
//	bits 0–31   branch: threshold, as ordered has it; leaf: share, a float32
//	bits 32–36  branch: feature; leaf: below
//	bits 47–63  branch: index of the left child, its sibling is the next; leaf:
//	            its own index
type node uint64

const (
	slots = 32        // a vector as the walk wants it
	below = slots - 1 // the slot that no value is greater than, so that a leaf goes left

	childShift = 47
	maxNodes   = 1 << (64 - childShift)
)

func newNode(value uint32, feature, child int) node {
	return node(value) | node(feature)<<32 | node(child)<<childShift
}

var (
	errLength    = errors.New("forest: wrong number of features")
	errNotFinite = errors.New("forest: a feature is not finite")
)

// Features is the length of the vectors that the forest takes.
func (f *Forest) Features() int { return f.features }

// Size returns the number of trees and of nodes.
func (f *Forest) Size() (trees, nodes int) { return f.trees, f.size }

// Probability is that of the second class, in [0,1]. A vector of another
// length, or with a value that is NaN or infinite, is an error: a comparison
// with NaN would take some way down every tree and look like an answer. It
// allocates nothing.
func (f *Forest) Probability(x []float32) (float32, error) {
	v, err := f.vector(x)
	if err != nil {
		return 0, err
	}
	var sum float32
	for i := range f.groups {
		sum += f.groups[i].walk(f.nodes, &v)
	}
	return min(sum, 1), nil
}

// vector is x as the walk wants it.
func (f *Forest) vector(x []float32) (v [slots]int32, err error) {
	if len(x) != f.features {
		return v, errLength
	}
	for i, value := range x {
		if value-value != 0 {
			return v, errNotFinite
		}
		v[i%slots] = ordered(value)
	}
	v[below] = math.MinInt32
	return v, nil
}

// walk adds up the leaves that a vector comes to.
func (g *group) walk(nodes []node, v *[slots]int32) float32 {
	a, b, c, d := nodes[g.roots[0]], nodes[g.roots[1]], nodes[g.roots[2]], nodes[g.roots[3]]
	e, f, h, i := nodes[g.roots[4]], nodes[g.roots[5]], nodes[g.roots[6]], nodes[g.roots[7]]
	for range g.depth {
		a, b, c, d = nodes[a.next(v)], nodes[b.next(v)], nodes[c.next(v)], nodes[d.next(v)]
		e, f, h, i = nodes[e.next(v)], nodes[f.next(v)], nodes[h.next(v)], nodes[i.next(v)]
	}
	return a.share() + b.share() + c.share() + d.share() + e.share() + f.share() + h.share() + i.share()
}

// next is the index of the child to go to: the right one if the value is
// greater than the threshold. The sign of the difference says so without a
// jump.
func (n node) next(v *[slots]int32) uint64 {
	value := v[n>>32%slots]
	return uint64(n>>childShift) + uint64(int64(int32(n))-int64(value))>>63
}

func (n node) feature() int { return int(n >> 32 % slots) }

func (n node) share() float32 { return math.Float32frombits(uint32(n)) }

// ordered maps finite floats to integers in the same order. Negative zero comes
// right below zero, where no threshold is.
func ordered(x float32) int32 {
	b := int32(math.Float32bits(x))
	return b ^ int32(uint32(b>>31)>>1)
}
