package onnxtest

// Tree is a branch, or a leaf if it has no children.
type Tree struct {
	Feature int
	AtMost  float32 // up to and including this value, a vector goes to Yes
	Yes, No *Tree
	Share   float32 // of a leaf: what it adds to the probability
	Rows    float32 // of a leaf: training rows that came to it; 0 is one
}

// Leaf is a tree of one leaf.
func Leaf(share float32) *Tree { return &Tree{Share: share} }

// Forest is a file of the form that skl2onnx writes: one
// TreeEnsembleClassifier over a vector of that many features.
func Forest(features int, trees ...*Tree) Model {
	var l lists
	for i, t := range trees {
		l.tree, l.next = int64(i), 0
		l.add(t)
	}
	return Model{
		Inputs: []Value{{"X", Float32, []int64{-1, int64(features)}}},
		Outputs: []Value{
			{"label", Int64, []int64{-1}},
			{"probabilities", Float32, []int64{-1, 2}},
		},
		Nodes: []Node{{
			Op: "TreeEnsembleClassifier", Name: "forest",
			Inputs: []string{"X"}, Outputs: []string{"label", "probabilities"},
			Attributes: map[string]any{
				"nodes_treeids": l.trees, "nodes_nodeids": l.ids, "nodes_featureids": l.features,
				"nodes_truenodeids": l.yes, "nodes_falsenodeids": l.no,
				"nodes_modes": l.modes, "nodes_values": l.values, "nodes_hitrates": l.hits,
				"class_treeids": l.leafTrees, "class_nodeids": l.leafIDs, "class_ids": l.classes,
				"class_weights": l.weights, "classlabels_int64s": []int64{0, 1}, "post_transform": "NONE",
			},
		}},
	}
}

// lists are the attributes in the making.
type lists struct {
	tree, next                    int64
	trees, ids, features, yes, no []int64
	modes                         []string
	values, hits, weights         []float32
	leafTrees, leafIDs, classes   []int64
}

// add appends a tree in depth-first order and returns the id of its root.
func (l *lists) add(t *Tree) int64 {
	id, at := l.next, len(l.ids)
	l.next++
	l.trees, l.ids = append(l.trees, l.tree), append(l.ids, id)
	l.features, l.values = append(l.features, int64(t.Feature)), append(l.values, t.AtMost)
	l.yes, l.no = append(l.yes, 0), append(l.no, 0)
	l.hits = append(l.hits, max(t.Rows, 1))
	if t.Yes == nil {
		l.modes = append(l.modes, "LEAF")
		l.leafTrees, l.leafIDs = append(l.leafTrees, l.tree), append(l.leafIDs, id)
		l.classes, l.weights = append(l.classes, 1), append(l.weights, t.Share)
		return id
	}
	l.modes = append(l.modes, "BRANCH_LEQ")
	l.yes[at] = l.add(t.Yes)
	l.no[at] = l.add(t.No)
	l.hits[at] = l.hits[l.yes[at]+int64(at)-id] + l.hits[l.no[at]+int64(at)-id]
	return id
}
