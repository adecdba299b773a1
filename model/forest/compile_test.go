package forest

import (
	"math"
	"os"
	"strings"
	"testing"

	"github.com/notunnel/notunnel/model/onnxgraph"
	"github.com/notunnel/notunnel/model/onnxgraph/onnxtest"
)

// set replaces an attribute, drop removes it, at changes one entry of it.
func set(name string, value any) func(*onnxtest.Model) {
	return func(m *onnxtest.Model) { m.Nodes[0].Attributes[name] = value }
}

func drop(name string) func(*onnxtest.Model) {
	return func(m *onnxtest.Model) { delete(m.Nodes[0].Attributes, name) }
}

func at[T any](name string, i int, value T) func(*onnxtest.Model) {
	return func(m *onnxtest.Model) { m.Nodes[0].Attributes[name].([]T)[i] = value }
}

func all(edits ...func(*onnxtest.Model)) func(*onnxtest.Model) {
	return func(m *onnxtest.Model) {
		for _, edit := range edits {
			edit(m)
		}
	}
}

// The nodes of twoTrees, by index: 0 (root) asks 1 or 4, 1 asks 2 or 3; 5 is
// the other tree's root and asks 6 or 7. Its leaves are 2, 3, 4 and 6, 7.
func TestCompileRefusesOtherGraphs(t *testing.T) {
	const node = "small.onnx: node label (TreeEnsembleClassifier): "
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	for _, c := range []struct {
		name    string
		edit    func(*onnxtest.Model)
		wantErr string // whole, or its beginning
	}{
		{"other operator", func(m *onnxtest.Model) { m.Nodes[0].Op = "TreeEnsembleRegressor" },
			"small.onnx: 1 nodes, one TreeEnsembleClassifier wanted"},
		{"ZipMap behind it", func(m *onnxtest.Model) {
			m.Nodes = append(m.Nodes, onnxtest.Node{Op: "ZipMap", Inputs: []string{"probabilities"}, Outputs: []string{"map"}})
		}, "small.onnx: 2 nodes, one TreeEnsembleClassifier wanted"},
		{"fewer features", func(m *onnxtest.Model) { m.Inputs[0].Shape[1] = 1 },
			node + `input "X" is float32 [N][1], float32 [N][2] wanted`},
		{"no shape", func(m *onnxtest.Model) { m.Inputs[0].Shape = nil }, node + `input "X" is float32`},
		{"a fixed number of rows", func(m *onnxtest.Model) { m.Inputs[0].Shape[0] = 8 }, node + `input "X" is float32 [N][8 2]`},
		{"input of doubles", func(m *onnxtest.Model) { m.Inputs[0].Type = onnxtest.Float64 }, node + `input "X" is float64`},
		{"two inputs", func(m *onnxtest.Model) {
			m.Inputs = append(m.Inputs, onnxtest.Value{Name: "Y", Type: onnxtest.Float32, Shape: []int64{-1, 2}})
		}, node + "one input wanted"},
		{"one output", func(m *onnxtest.Model) { m.Outputs = m.Outputs[:1] }, node + "two outputs wanted"},
		{"outputs the other way round", func(m *onnxtest.Model) { m.Outputs[0], m.Outputs[1] = m.Outputs[1], m.Outputs[0] },
			node + "two outputs wanted"},
		{"three classes", func(m *onnxtest.Model) { m.Outputs[1].Shape[1] = 3 }, node + `output "probabilities" is float32 [N][3]`},

		{"no thresholds", drop("nodes_values"), node + `attribute "nodes_values" is missing`},
		{"no weights", drop("class_weights"), node + `attribute "class_weights" is missing`},
		{"no labels", drop("classlabels_int64s"), node + `attribute "classlabels_int64s" is missing`},
		{"no post_transform", drop("post_transform"), node + `attribute "post_transform" is missing`},
		{"thresholds of another type", set("nodes_values", []int64{1, 2}), node + `attribute "nodes_values" is []int64, not []float32`},
		{"softmax", set("post_transform", "SOFTMAX"), node + "post_transform is SOFTMAX, NONE wanted"},
		{"other labels", set("classlabels_int64s", []int64{1, 2}), node + "classlabels_int64s is [1 2], [0 1] wanted"},
		{"base values", set("base_values", []float32{0.5, 0.5}), node + "base_values is not supported"},
		{"too few thresholds", set("nodes_values", []float32{1, 2}), node + "nodes_values has 2 entries, nodes_treeids 8"},
		{"too many modes", set("nodes_modes", make([]string, 9)), node + "nodes_modes has 9 entries, nodes_treeids 8"},
		{"too few weights", set("class_weights", []float32{1}), node + "class_treeids, class_nodeids, class_ids and class_weights differ"},
		{"weights of both classes", at("class_ids", 1, int64(0)), node + "class_ids name several classes"},
		{"negative weight", at("class_weights", 0, float32(-0.5)), node + "class weight -0.5 is no share"},
		{"weight above one", at("class_weights", 4, float32(1.5)), node + "class weight 1.5 is no share"},
		{"NaN weight", at("class_weights", 2, nan), node + "class weight NaN is no share"},

		{"no trees", all(
			set("nodes_treeids", []int64{}), set("nodes_nodeids", []int64{}), set("nodes_featureids", []int64{}),
			set("nodes_truenodeids", []int64{}), set("nodes_falsenodeids", []int64{}),
			set("nodes_modes", []string{}), set("nodes_values", []float32{}), set("nodes_hitrates", []float32{}),
			set("class_treeids", []int64{}), set("class_nodeids", []int64{}), set("class_ids", []int64{}), set("class_weights", []float32{}),
		), node},
		{"no counts of rows", drop("nodes_hitrates"), node + `attribute "nodes_hitrates" is missing`},
		{"counts of rows as other exporters write them", set("nodes_hitrates", []float32{1, 1, 1, 1, 1, 1, 1, 1}), node + "tree 0: nodes_hitrates are no counts: 1 rows come to a node"},
		{"no row at a child", at("nodes_hitrates", 6, float32(0)), node + "tree 1: nodes_hitrates are no counts"},
		{"NaN rows", at("nodes_hitrates", 6, nan), node + "tree 1: nodes_hitrates are no counts"},
		{"NaN rows at a root", at("nodes_hitrates", 5, nan), node + "tree 1: nodes_hitrates are no counts"},
		{"NaN threshold", at("nodes_values", 0, nan), node + "tree 0: node 0 has threshold NaN"},
		{"infinite threshold", at("nodes_values", 5, inf), node + "tree 1: node 0 has threshold -Inf"},
		{"feature beyond the vector", at("nodes_featureids", 1, int64(2)), node + "tree 0: node 1 asks for feature 2 of 2"},
		{"negative feature", at("nodes_featureids", 5, int64(-1)), node + "tree 1: node 0 asks for feature -1 of 2"},
		{"other comparison", at("nodes_modes", 1, "BRANCH_LT"), node + `tree 0: node 1 has mode "BRANCH_LT"`},
		{"child that is not there", at("nodes_truenodeids", 1, int64(99)), node + "tree 0: node 99 is not there"},
		{"negative child", at("nodes_falsenodeids", 5, int64(-1)), node + "tree 1: node -1 is not there"},
		{"a branch that is its own child", at("nodes_truenodeids", 1, int64(1)), node + "tree 0: node 1 hangs in it twice"},
		{"a way back to the root", at("nodes_falsenodeids", 1, int64(0)), node + "tree 0: node 0 hangs in it twice"},
		{"one child for both answers", at("nodes_falsenodeids", 5, int64(1)), node + "tree 1: node 1 hangs in it twice"},
		{"one child twice, another never", all(at("nodes_truenodeids", 1, int64(4)), at("nodes_falsenodeids", 1, int64(3))),
			node + "tree 0: node 4 hangs in it twice"},
		{"nodes that hang nowhere", at("nodes_modes", 5, "LEAF"), node + "tree 1: leaf 0 has no weight"},
		{"a leaf above nodes", all(at("nodes_modes", 5, "LEAF"), at("class_nodeids", 3, int64(0))),
			node + "tree 1: 2 nodes do not hang in it"},
		{"no root", at("nodes_nodeids", 5, int64(7)), node + "tree 1: node 0 is not there"},
		{"a node twice", at("nodes_nodeids", 3, int64(2)), node + "tree 0: node 2 stands there twice"},
		{"a weight of no tree", at("class_treeids", 0, int64(7)), node + "a weight names tree 7, which is not there"},
		{"two weights of one leaf", at("class_nodeids", 0, int64(3)), node + "tree 0: leaf 3 has two weights"},
		{"a leaf without weight", at("class_nodeids", 0, int64(0)), node + "tree 0: leaf 2 has no weight"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := twoTrees()
			c.edit(&m)
			_, err := compile(t, m.Marshal(), 2)
			if err == nil || !strings.HasPrefix(err.Error(), c.wantErr) {
				t.Errorf("error %v\nwanted %s", err, c.wantErr)
			}
		})
	}
}

// The order of nodes and trees in the file is free.
func TestCompileTakesTreesInAnyOrder(t *testing.T) {
	m := twoTrees()
	for name, value := range m.Nodes[0].Attributes {
		switch list := value.(type) {
		case []int64:
			if name != "classlabels_int64s" {
				reverse(list)
			}
		case []float32:
			reverse(list)
		case []string:
			reverse(list)
		}
	}
	a, b := mustCompile(t, twoTrees(), 2), mustCompile(t, m, 2)
	for _, x := range [][]float32{{0, -2}, {0, 0}, {1, 3}, {1, 4}} {
		p, _ := a.Probability(x)
		if q, err := b.Probability(x); p != q || err != nil {
			t.Errorf("Probability(%v) = %v, reversed %v, %v", x, p, q, err)
		}
	}
}

// So are the numbers of the nodes, but for the root's.
func TestCompileTakesIDsThatLeaveSomeOut(t *testing.T) {
	m := twoTrees()
	for _, name := range []string{"nodes_nodeids", "nodes_truenodeids", "nodes_falsenodeids", "class_nodeids"} {
		for i := range m.Nodes[0].Attributes[name].([]int64) {
			m.Nodes[0].Attributes[name].([]int64)[i] *= 1 << 40
		}
	}
	a, b := mustCompile(t, twoTrees(), 2), mustCompile(t, m, 2)
	for _, x := range [][]float32{{0, -2}, {0, 0}, {1, 3}, {1, 4}} {
		p, _ := a.Probability(x)
		if q, err := b.Probability(x); p != q || err != nil {
			t.Errorf("Probability(%v) = %v, with other ids %v, %v", x, p, q, err)
		}
	}
}

func reverse[T any](list []T) {
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
}

// A node's index has 17 bits, and one node is kept for filling up.
func TestCompileRefusesAForestThatIsTooLarge(t *testing.T) {
	if _, err := compile(t, onnxtest.Forest(1, chain(65535)).Marshal(), 1); err != nil {
		t.Errorf("131,071 nodes: %v", err)
	}
	_, err := compile(t, onnxtest.Forest(1, chain(65535), onnxtest.Leaf(1)).Marshal(), 1)
	if err == nil || !strings.Contains(err.Error(), "131072 nodes, at most 131071 are supported") {
		t.Errorf("131,072 nodes: %v", err)
	}
}

func TestCompileRefusesTooManyFeatures(t *testing.T) {
	if _, err := compile(t, onnxtest.Forest(31, onnxtest.Leaf(1)).Marshal(), 31); err != nil {
		t.Errorf("31 features: %v", err)
	}
	_, err := compile(t, onnxtest.Forest(32, onnxtest.Leaf(1)).Marshal(), 32)
	if err == nil || !strings.Contains(err.Error(), "32 features, at most 31 are supported") {
		t.Errorf("32 features: %v", err)
	}
}

// chain is a tree of that many branches, each the right child of another.
func chain(branches int) *onnxtest.Tree {
	t := onnxtest.Leaf(1)
	for i := range branches {
		t = &onnxtest.Tree{AtMost: -float32(i), Yes: onnxtest.Leaf(0), No: t}
	}
	return t
}

func TestDeepTreeIsWalkedToItsEnd(t *testing.T) {
	f := mustCompile(t, onnxtest.Forest(1, chain(32767)), 1)
	if p, err := f.Probability([]float32{1}); p != 1 || err != nil {
		t.Errorf("the last leaf answers %v, %v", p, err)
	}
	if p, err := f.Probability([]float32{0}); p != 0 || err != nil {
		t.Errorf("the last branch's left leaf answers %v, %v", p, err)
	}
}

// Whatever a file says, compiling and running it ends.
func FuzzCompile(f *testing.F) {
	f.Add(twoTrees().Marshal())
	f.Add(onnxtest.Forest(1, onnxtest.Leaf(0.5)).Marshal())
	if data, err := os.ReadFile("../data/autoencoder.onnx"); err == nil {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := onnxgraph.Decode("fuzz.onnx", data)
		if err != nil {
			return
		}
		forest, err := Compile(g, 2)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "fuzz.onnx: ") {
				t.Errorf("error does not name the file: %v", err)
			}
			return
		}
		for _, x := range [][]float32{{0, 0}, {-1e30, 1e30}} {
			if p, err := forest.Probability(x); err != nil || !(p >= 0 && p <= 1) {
				t.Errorf("Probability(%v) = %v, %v", x, p, err)
			}
		}
	})
}
