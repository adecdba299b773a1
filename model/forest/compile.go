package forest

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/notunnel/notunnel/model/onnxgraph"
)

// Compile checks that a graph is one TreeEnsembleClassifier of two classes over
// that many features, and lays it out. Errors name the file and the node.
func Compile(g *onnxgraph.Graph, features int) (*Forest, error) {
	if err := checkEnds(g, features); err != nil {
		return nil, err
	}
	e, err := readEnsemble(g.Nodes[0])
	if err != nil {
		return nil, err
	}
	f := &Forest{features: features, size: len(e.tree)}
	if f.size >= maxNodes { // one more may be needed to fill a group
		return nil, e.node.Errorf("%d nodes, at most %d are supported", f.size, maxNodes-1)
	}
	trees, err := e.trees()
	if err != nil {
		return nil, err
	}
	f.trees = len(trees)
	f.nodes, f.means = make([]node, 0, f.size+1), make([]float32, f.size+1)
	var roots []root
	for _, t := range trees {
		r, err := f.lay(e, t)
		if err != nil {
			return nil, err
		}
		roots = append(roots, r)
	}
	f.group(roots)
	return f, nil
}

// checkEnds compares inputs, outputs and operator. The free number of rows is
// not part of a shape.
func checkEnds(g *onnxgraph.Graph, features int) error {
	if features >= slots {
		return fmt.Errorf("%s: %d features, at most %d are supported", g.File, features, slots-1)
	}
	if len(g.Nodes) != 1 || g.Nodes[0].Op != "TreeEnsembleClassifier" {
		return fmt.Errorf("%s: %d nodes, one TreeEnsembleClassifier wanted (export without ZipMap)", g.File, len(g.Nodes))
	}
	n := g.Nodes[0]
	if len(g.Inputs) != 1 || len(n.Inputs) != 1 || n.Inputs[0] != g.Inputs[0].Name {
		return n.Errorf("one input wanted, that of the graph")
	}
	if in := g.Inputs[0]; in.Type != "float32" || !slices.Equal(in.Shape, []int{features}) {
		return n.Errorf("input %q is %s [N]%v, float32 [N][%d] wanted", in.Name, in.Type, in.Shape, features)
	}
	if len(g.Outputs) != 2 || len(n.Outputs) != 2 || n.Outputs[1] != g.Outputs[1].Name {
		return n.Errorf("two outputs wanted, label and probabilities")
	}
	if out := g.Outputs[1]; out.Type != "float32" || !slices.Equal(out.Shape, []int{2}) {
		return n.Errorf("output %q is %s [N]%v, float32 [N][2] wanted", out.Name, out.Type, out.Shape)
	}
	return nil
}

// ensemble is the operator's attributes: parallel lists, one entry a node.
type ensemble struct {
	node                    *onnxgraph.Node
	tree, id, feature       []int64
	yes, no                 []int64 // ids of the children
	mode                    []string
	value, hits             []float32
	leafTree, leafID, class []int64
	leafWeight              []float32

	share []float32 // of each node: the weight that is given for it, or none
	hung  []bool    // which nodes have their place
}

// none is the share of a node without a weight.
const none = -1

// readEnsemble reads the attributes and checks what they have in common.
func readEnsemble(n *onnxgraph.Node) (*ensemble, error) {
	e := &ensemble{node: n}
	var labels []int64
	var post string
	for name, dst := range map[string]any{
		"nodes_treeids": &e.tree, "nodes_nodeids": &e.id, "nodes_featureids": &e.feature,
		"nodes_truenodeids": &e.yes, "nodes_falsenodeids": &e.no,
		"nodes_modes": &e.mode, "nodes_values": &e.value, "nodes_hitrates": &e.hits,
		"class_treeids": &e.leafTree, "class_nodeids": &e.leafID, "class_ids": &e.class,
		"class_weights": &e.leafWeight, "classlabels_int64s": &labels, "post_transform": &post,
	} {
		if err := read(n, name, dst); err != nil {
			return nil, err
		}
	}
	if post != "NONE" {
		return nil, n.Errorf("post_transform is %s, NONE wanted", post)
	}
	if !slices.Equal(labels, []int64{0, 1}) {
		return nil, n.Errorf("classlabels_int64s is %v, [0 1] wanted", labels)
	}
	if n.Has("base_values") {
		return nil, n.Errorf("base_values is not supported")
	}
	count := len(e.tree)
	for name, got := range map[string]int{
		"nodes_nodeids": len(e.id), "nodes_featureids": len(e.feature), "nodes_truenodeids": len(e.yes),
		"nodes_falsenodeids": len(e.no), "nodes_modes": len(e.mode), "nodes_values": len(e.value), "nodes_hitrates": len(e.hits),
	} {
		if got != count {
			return nil, n.Errorf("%s has %d entries, nodes_treeids %d", name, got, count)
		}
	}
	leaves := len(e.leafWeight)
	if len(e.leafTree) != leaves || len(e.leafID) != leaves || len(e.class) != leaves {
		return nil, n.Errorf("class_treeids, class_nodeids, class_ids and class_weights differ in length")
	}
	// ONNX gives two classes one weight a leaf: all name the same class, and
	// the sum is the probability of the second.
	for i, c := range e.class {
		if c != e.class[0] {
			return nil, n.Errorf("class_ids name several classes, one weight a leaf wanted")
		}
		if w := e.leafWeight[i]; !(w >= 0 && w <= 1) {
			return nil, n.Errorf("class weight %v is no share", w)
		}
	}
	return e, nil
}

func read(n *onnxgraph.Node, name string, dst any) (err error) {
	switch dst := dst.(type) {
	case *[]int64:
		*dst, err = onnxgraph.Get[[]int64](n, name)
	case *[]float32:
		*dst, err = onnxgraph.Get[[]float32](n, name)
	case *[]string:
		*dst, err = onnxgraph.Get[[]string](n, name)
	case *string:
		*dst, err = onnxgraph.Get[string](n, name)
	}
	return err
}

// tree is where the nodes of one tree stand in the lists, by id.
type tree struct {
	number int64
	nodes  []int32
}

// trees sorts the nodes by tree and id, and gives them their weights. skl2onnx writes
// them in that order, so that sorting does no more than look; maps by tree and id took
// longer than all the rest of compiling.
func (e *ensemble) trees() ([]tree, error) {
	order := make([]int32, len(e.tree))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		if e.tree[a] != e.tree[b] {
			return cmp.Compare(e.tree[a], e.tree[b])
		}
		return cmp.Compare(e.id[a], e.id[b])
	})
	var found []tree
	start := 0
	for i, at := range order {
		switch number := e.tree[at]; {
		case i == 0 || number != e.tree[order[i-1]]:
			found = append(found, tree{number: number})
			start = i
		case e.id[at] == e.id[order[i-1]]:
			return nil, e.node.Errorf("tree %d: node %d stands there twice", number, e.id[at])
		}
		found[len(found)-1].nodes = order[start : i+1]
	}
	if len(found) == 0 {
		return nil, e.node.Errorf("no trees")
	}
	e.hung = make([]bool, len(e.tree))
	return found, e.weigh(found)
}

// weigh gives each node its weight.
func (e *ensemble) weigh(trees []tree) error {
	e.share = slices.Repeat([]float32{none}, len(e.tree))
	for i, number := range e.leafTree {
		at, ok := slices.BinarySearchFunc(trees, number, func(t tree, number int64) int { return cmp.Compare(t.number, number) })
		if !ok {
			return e.node.Errorf("a weight names tree %d, which is not there", number)
		}
		n, ok := e.find(trees[at], e.leafID[i])
		if !ok {
			continue // no way leads there
		}
		if e.share[n] != none {
			return e.node.Errorf("tree %d: leaf %d has two weights", number, e.leafID[i])
		}
		e.share[n] = e.leafWeight[i]
	}
	return nil
}

// find is where a node of a tree stands in the lists. Its place by id is its id, if none
// is left out.
func (e *ensemble) find(t tree, id int64) (at int32, ok bool) {
	if id >= 0 && id < int64(len(t.nodes)) && e.id[t.nodes[id]] == id {
		return t.nodes[id], true
	}
	n, ok := slices.BinarySearchFunc(t.nodes, id, func(at int32, id int64) int { return cmp.Compare(e.id[at], id) })
	if !ok {
		return 0, false
	}
	return t.nodes[n], true
}

// root is where a tree begins, and how many levels it has below that.
type root struct {
	at    uint32
	depth int
}

// lay appends a tree's nodes in breadth-first order, children side by side.
// Each node must hang in the tree exactly once, which also rules out cycles.
func (f *Forest) lay(e *ensemble, t tree) (root, error) {
	fail := func(format string, args ...any) error {
		return e.node.Errorf("tree %d: "+format, append([]any{t.number}, args...)...)
	}
	order := make([]int32, 0, len(t.nodes)) // where the nodes stand in the lists
	hang := func(id int64) error {
		at, ok := e.find(t, id)
		switch {
		case !ok:
			return fail("node %d is not there", id)
		case e.hung[at]:
			return fail("node %d hangs in it twice", id)
		}
		e.hung[at] = true
		order = append(order, at)
		return nil
	}
	if err := hang(0); err != nil { // the root has id 0
		return root{}, err
	}
	start, depth := len(f.nodes), 0
	for at, level := 0, 1; at < len(order); at++ {
		if at == level { // it is the first one of the next level
			depth, level = depth+1, len(order)
		}
		i := order[at]
		switch e.mode[i] {
		case "LEAF":
			if e.share[i] == none {
				return root{}, fail("leaf %d has no weight", e.id[i])
			}
			f.nodes = append(f.nodes, newNode(math.Float32bits(e.share[i]), below, start+at))
		case "BRANCH_LEQ":
			feature, threshold := e.feature[i], e.value[i]
			if feature < 0 || feature >= int64(f.features) {
				return root{}, fail("node %d asks for feature %d of %d", e.id[i], feature, f.features)
			}
			if v := float64(threshold); math.IsNaN(v) || math.IsInf(v, 0) {
				return root{}, fail("node %d has threshold %v", e.id[i], v)
			}
			if threshold == 0 {
				threshold = 0 // not negative zero, see ordered
			}
			f.nodes = append(f.nodes, newNode(uint32(ordered(threshold)), int(feature), start+len(order)))
			for _, child := range [...]int64{e.yes[i], e.no[i]} {
				if err := hang(child); err != nil {
					return root{}, err
				}
			}
		default:
			return root{}, fail("node %d has mode %q, LEAF or BRANCH_LEQ wanted", e.id[i], e.mode[i])
		}
	}
	if len(order) < len(t.nodes) {
		return root{}, fail("%d nodes do not hang in it", len(t.nodes)-len(order))
	}
	if err := f.average(e, order); err != nil {
		return root{}, fail("%w", err)
	}
	return root{uint32(start), depth}, nil
}

// average works out the means of the last tree, whose nodes stand there in the lists: that
// of a branch from those of its children, by how many rows came to each.
func (f *Forest) average(e *ensemble, order []int32) error {
	start := len(f.nodes) - len(order)
	hits := func(at int) float32 { return e.hits[order[at-start]] }
	for at := len(f.nodes) - 1; at >= start; at-- {
		n := f.nodes[at]
		if n.feature() == below {
			f.means[at] = n.share()
			continue
		}
		left := int(n >> childShift)
		a, b := hits(left), hits(left+1)
		if all := hits(at); !(a > 0 && b > 0 && math.Abs(float64(a+b-all)) <= 1e-3*float64(all)) {
			return fmt.Errorf("nodes_hitrates are no counts: %v rows come to a node and %v and %v to its children; train the forest anew", all, a, b)
		}
		f.means[at] = (a*f.means[left] + b*f.means[left+1]) / (a + b)
	}
	return nil
}

// group puts trees of like depth together, and a leaf of no share where there
// are none left.
func (f *Forest) group(roots []root) {
	slices.SortStableFunc(roots, func(a, b root) int { return b.depth - a.depth })
	f.nodes = append(f.nodes, newNode(0, below, f.size))
	for len(roots)%lanes != 0 {
		roots = append(roots, root{at: uint32(f.size)})
	}
	for trees := range slices.Chunk(roots, lanes) {
		g := group{depth: trees[0].depth}
		for i, t := range trees {
			g.roots[i] = t.at
		}
		f.groups = append(f.groups, g)
	}
}
