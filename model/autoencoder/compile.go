package autoencoder

import (
	"fmt"
	"math"
	"slices"

	"github.com/notunnel/notunnel/model/onnxgraph"
)

// operators is the one chain that Compile knows, from ids [N,64] to the
// reconstruction [N,64,16]. The transpositions only move channels before and
// behind positions; a Plan is position-major throughout.
var operators = []string{
	"Gather", "Transpose", "Conv", "Relu", "Conv", "Relu",
	"ConvTranspose", "Relu", "ConvTranspose", "Transpose",
}

// Compile checks that a graph is the autoencoder this package runs and prepares
// it. Errors name the file and the node that differs.
func Compile(g *onnxgraph.Graph, m Manifest) (*Plan, error) {
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", g.File, err)
	}
	if err := checkEnds(g); err != nil {
		return nil, fmt.Errorf("%s: %w", g.File, err)
	}
	value := g.Inputs[0].Name
	for i, n := range g.Nodes {
		if n.Op != operators[i] {
			return nil, n.Errorf("operator %s wanted here", operators[i])
		}
		from := 0
		if n.Op == "Gather" {
			from = 1 // after the table
		}
		if len(n.Inputs) <= from || n.Inputs[from] != value || len(n.Outputs) != 1 {
			return nil, n.Errorf("not a chain: input %q and one output wanted", value)
		}
		value = n.Outputs[0]
	}
	if value != g.Outputs[0].Name {
		return nil, fmt.Errorf("%s: output is %q, the chain ends in %q", g.File, g.Outputs[0].Name, value)
	}
	return newPlan(g)
}

// checkEnds compares input, output and the number of nodes. The free number of
// rows is not part of a shape.
func checkEnds(g *onnxgraph.Graph) error {
	if len(g.Inputs) != 1 || len(g.Outputs) != 1 {
		return fmt.Errorf("%d inputs and %d outputs, one of each wanted", len(g.Inputs), len(g.Outputs))
	}
	in, out := g.Inputs[0], g.Outputs[0]
	if in.Type != "int64" || !slices.Equal(in.Shape, []int{MaxLen}) {
		return fmt.Errorf("input %q is %s [N]%v, int64 [N][%d] wanted", in.Name, in.Type, in.Shape, MaxLen)
	}
	if out.Type != "float32" || !slices.Equal(out.Shape, []int{MaxLen, dim}) {
		return fmt.Errorf("output %q is %s [N]%v, float32 [N][%d %d] wanted", out.Name, out.Type, out.Shape, MaxLen, dim)
	}
	if len(g.Nodes) != len(operators) {
		return fmt.Errorf("%d nodes, %d wanted", len(g.Nodes), len(operators))
	}
	return nil
}

// newPlan checks attributes and weights of the chain and lays them out.
func newPlan(g *onnxgraph.Graph) (*Plan, error) {
	c := compiler{g: g}
	p := &Plan{}
	table := c.embedding(g.Nodes[0])
	c.transpose(g.Nodes[1])
	w1, b1 := c.convolution(g.Nodes[2], wide, dim)
	w2, b2 := c.convolution(g.Nodes[4], narrow, wide)
	w3, b3 := c.transposed(g.Nodes[6], narrow, wide)
	w4, b4 := c.transposed(g.Nodes[8], wide, dim)
	c.transpose(g.Nodes[9])
	if c.err != nil {
		return nil, c.err
	}
	for id := range p.embed {
		copy(p.embed[id][:], table[id*dim:])
	}
	p.fold(w1, b1)
	for out := range narrow {
		p.conv2[0].set(out, b2[out])
		for i := range kernel * wide {
			tap, in := i/wide, i%wide
			p.conv2[1+i].set(out, w2[(out*wide+in)*kernel+tap])
		}
	}
	layTransposed(p.up1[:], w3, b3)
	layTransposed(p.up2[:], w4, b4)
	return p, nil
}

// set puts a value at its place of eight.
func (l *lane) set(i int, v float32) { l[i/block][i%block] = v }

// fold multiplies the embedding into the first convolution's weights
// [wide][dim][kernel].
func (p *Plan) fold(weights, bias []float32) {
	for tap := range kernel {
		for id := range Symbols {
			for out := range wide {
				var sum float64
				if tap == kernel/2 {
					sum = float64(bias[out])
				}
				for in := range dim {
					sum += float64(weights[(out*dim+in)*kernel+tap]) * float64(p.embed[id][in])
				}
				p.taps[tap][id][out] = float32(sum)
			}
		}
	}
}

// layTransposed lays out the weights [ins][wide][kernel] of a transposed
// convolution.
func layTransposed(l []lane, weights, bias []float32) {
	for out := range wide {
		at, place := out/8, out%8
		l[at].set(place, bias[out])
		for in := range (len(l) - biasLanes) / tapLanes {
			row := l[biasLanes+in*tapLanes:]
			w := weights[(in*wide+out)*kernel:]
			row[outerEven+at].set(place, w[4])
			row[middleEven+at].set(place, w[2])
			row[middleOdd+at].set(place, w[3])
			row[lastEven+at].set(place, w[0])
			row[lastOdd+at].set(place, w[1])
		}
	}
}

// compiler reads nodes and keeps the first error.
type compiler struct {
	g   *onnxgraph.Graph
	err error
}

func (c *compiler) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// ints checks an attribute.
func (c *compiler) ints(n *onnxgraph.Node, name string, want ...int64) {
	got, err := onnxgraph.Get[[]int64](n, name)
	if err == nil && !slices.Equal(got, want) {
		err = n.Errorf("%s is %v, %v wanted", name, got, want)
	}
	if err != nil {
		c.fail(err)
	}
}

// weights returns the finite constant that is input i of a node, checking its
// shape, or zeros after an error.
func (c *compiler) weights(n *onnxgraph.Node, i int, shape ...int) []float32 {
	size := 1
	for _, s := range shape {
		size *= s
	}
	zeros := make([]float32, size)
	if i >= len(n.Inputs) {
		c.fail(n.Errorf("input %d is missing", i))
		return zeros
	}
	name := n.Inputs[i]
	t := c.g.Initializer(name)
	if t == nil {
		c.fail(n.Errorf("input %q is not a constant", name))
		return zeros
	}
	if !slices.Equal(t.Shape, shape) || len(t.Floats) != size {
		c.fail(n.Errorf("%q has shape %v and %d floats, %v wanted", name, t.Shape, len(t.Floats), shape))
		return zeros
	}
	for _, v := range t.Floats {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			c.fail(n.Errorf("%q holds %v", name, v))
			return zeros
		}
	}
	return t.Floats
}

// embedding returns the table [Symbols][dim]; the padding must embed to zero.
func (c *compiler) embedding(n *onnxgraph.Node) []float32 {
	if axis, err := onnxgraph.Get[int64](n, "axis"); n.Has("axis") && (err != nil || axis != 0) {
		c.fail(n.Errorf("axis must be 0"))
	}
	table := c.weights(n, 0, Symbols, dim)
	for _, v := range table[pad*dim : (pad+1)*dim] {
		if v != 0 {
			c.fail(n.Errorf("the padding does not embed to zero"))
		}
	}
	return table
}

func (c *compiler) transpose(n *onnxgraph.Node) { c.ints(n, "perm", 0, 2, 1) }

// window checks what convolutions of both kinds share.
func (c *compiler) window(n *onnxgraph.Node) {
	c.ints(n, "dilations", 1)
	c.ints(n, "kernel_shape", kernel)
	c.ints(n, "pads", edge, edge)
	c.ints(n, "strides", stride)
	if group, err := onnxgraph.Get[int64](n, "group"); err != nil || group != 1 {
		c.fail(n.Errorf("group must be 1"))
	}
	if auto, err := onnxgraph.Get[string](n, "auto_pad"); n.Has("auto_pad") && (err != nil || auto != "NOTSET") {
		c.fail(n.Errorf("auto_pad must be NOTSET"))
	}
}

// convolution returns weights [outs][ins][kernel] and bias [outs].
func (c *compiler) convolution(n *onnxgraph.Node, outs, ins int) (weights, bias []float32) {
	c.window(n)
	return c.weights(n, 1, outs, ins, kernel), c.weights(n, 2, outs)
}

// transposed returns weights [ins][outs][kernel] and bias [outs] of a
// transposed convolution that doubles the positions.
func (c *compiler) transposed(n *onnxgraph.Node, ins, outs int) (weights, bias []float32) {
	c.window(n)
	c.ints(n, "output_padding", 1)
	if n.Has("output_shape") {
		c.fail(n.Errorf("output_shape is not supported"))
	}
	return c.weights(n, 1, ins, outs, kernel), c.weights(n, 2, outs)
}
