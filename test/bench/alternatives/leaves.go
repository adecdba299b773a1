package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/dmitryikh/leaves"

	"github.com/notunnel/notunnel/model/onnxgraph"
)

// loadLeaves writes the forest of an ONNX file as a LightGBM model, which leaves
// reads: the same trees, thresholds and leaves.
func loadLeaves(file string) (*leaves.Ensemble, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	g, err := onnxgraph.Decode(file, data)
	if err != nil {
		return nil, err
	}
	text, err := lightGBM(g.Nodes[0])
	if err != nil {
		return nil, err
	}
	return leaves.LGEnsembleFromReader(bufio.NewReader(strings.NewReader(text)), false)
}

// key is a node of the ensemble.
type key struct{ tree, id int64 }

// lightGBM is a TreeEnsembleClassifier in LightGBM's text format: per tree lists
// of inner nodes, in which a child below zero is the complement of a leaf.
func lightGBM(n *onnxgraph.Node) (string, error) {
	var ints [6][]int64
	for i, name := range []string{"nodes_treeids", "nodes_nodeids", "nodes_featureids", "nodes_truenodeids", "nodes_falsenodeids", "class_treeids"} {
		var err error
		if ints[i], err = onnxgraph.Get[[]int64](n, name); err != nil {
			return "", err
		}
	}
	tree, id, feature, yes, no, leafTree := ints[0], ints[1], ints[2], ints[3], ints[4], ints[5]
	mode, err := onnxgraph.Get[[]string](n, "nodes_modes")
	if err != nil {
		return "", err
	}
	value, err := onnxgraph.Get[[]float32](n, "nodes_values")
	if err != nil {
		return "", err
	}
	leafID, err := onnxgraph.Get[[]int64](n, "class_nodeids")
	if err != nil {
		return "", err
	}
	weight, err := onnxgraph.Get[[]float32](n, "class_weights")
	if err != nil {
		return "", err
	}
	leaf := map[key]float32{}
	for i, w := range weight {
		leaf[key{leafTree[i], leafID[i]}] = w
	}
	place := map[key]int{} // in its tree's list of inner nodes, or the complement among its leaves
	inner, ends := map[int64]int{}, map[int64]int{}
	for i := range tree {
		k := key{tree[i], id[i]}
		if mode[i] == "LEAF" {
			place[k] = ^ends[tree[i]]
			ends[tree[i]]++
		} else {
			place[k] = inner[tree[i]]
			inner[tree[i]]++
		}
	}
	var b strings.Builder
	trees := len(ends)
	fmt.Fprintf(&b, "tree\nversion=v3\nnum_class=1\nnum_tree_per_iteration=1\nmax_feature_idx=19\ntree_sizes=%s\n\n", strings.TrimSpace(strings.Repeat("1 ", trees)))
	for at := 0; at < len(tree); {
		var features, thresholds, left, right, kinds, leafs []string
		t := tree[at]
		for ; at < len(tree) && tree[at] == t; at++ {
			if mode[at] == "LEAF" {
				leafs = append(leafs, fmt.Sprint(leaf[key{t, id[at]}]))
				continue
			}
			features = append(features, fmt.Sprint(feature[at]))
			thresholds = append(thresholds, fmt.Sprint(float64(value[at])))
			left = append(left, fmt.Sprint(place[key{t, yes[at]}]))
			right = append(right, fmt.Sprint(place[key{t, no[at]}]))
			kinds = append(kinds, "0") // x ≤ threshold goes left
		}
		fmt.Fprintf(&b, "Tree=%d\nnum_leaves=%d\nnum_cat=0\n", t, len(leafs))
		for _, list := range []struct {
			name   string
			values []string
		}{{"split_feature", features}, {"threshold", thresholds}, {"decision_type", kinds}, {"left_child", left}, {"right_child", right}, {"leaf_value", leafs}} {
			fmt.Fprintf(&b, "%s=%s\n", list.name, strings.Join(list.values, " "))
		}
		b.WriteString("\n")
	}
	return b.String(), nil
}
