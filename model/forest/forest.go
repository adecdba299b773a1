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
	roots    []uint32
	nodes    []node
}

// node is a branch or a leaf. Siblings stand next to each other, so a branch
// needs one index and the step down is an addition.
type node struct {
	value   float32 // threshold of a branch, share of a leaf
	feature uint16  // leaf: isLeaf
	next    uint16  // left child, counted from the root of the tree
}

const isLeaf = math.MaxUint16

var (
	errLength    = errors.New("forest: wrong number of features")
	errNotFinite = errors.New("forest: a feature is not finite")
)

// Features is the length of the vectors that the forest takes.
func (f *Forest) Features() int { return f.features }

// Size returns the number of trees and of nodes.
func (f *Forest) Size() (trees, nodes int) { return len(f.roots), len(f.nodes) }

// Probability is that of the second class, in [0,1]. A vector of another
// length, or with a value that is NaN or infinite, is an error: a comparison
// with NaN would take some way down every tree and look like an answer. It
// allocates nothing.
func (f *Forest) Probability(x []float32) (float32, error) {
	if len(x) != f.features {
		return 0, errLength
	}
	for _, v := range x {
		if v-v != 0 {
			return 0, errNotFinite
		}
	}
	var sum float32
	for _, root := range f.roots {
		tree := f.nodes[root:]
		n := tree[0]
		for n.feature != isLeaf {
			next := n.next
			if x[n.feature] > n.value {
				next++
			}
			n = tree[next]
		}
		sum += n.value
	}
	return min(sum, 1), nil
}
