package autoencoder

import (
	"bytes"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/notunnel/notunnel/model/onnxgraph"
)

// patch changes the first byte pattern from that follows mark in the file, for
// attributes, which a graph does not let change.
func patch(mark, from, to string) func(*testing.T, []byte) []byte {
	return func(t *testing.T, data []byte) []byte {
		at := bytes.Index(data, []byte(mark))
		if at < 0 {
			t.Fatalf("no %q in the file", mark)
		}
		rest := data[at:]
		if !bytes.Contains(rest, []byte(from)) {
			t.Fatalf("no %q after %q", from, mark)
		}
		return append(slices.Clone(data[:at]), bytes.Replace(rest, []byte(from), []byte(to), 1)...)
	}
}

func TestCompileRefusesOtherGraphs(t *testing.T) {
	node := func(i int, change func(*onnxgraph.Node)) func(*onnxgraph.Graph, *Manifest) {
		return func(g *onnxgraph.Graph, _ *Manifest) { change(g.Nodes[i]) }
	}
	weights := func(i, input int, change func(*onnxgraph.Tensor)) func(*onnxgraph.Graph, *Manifest) {
		return func(g *onnxgraph.Graph, _ *Manifest) { change(g.Initializer(g.Nodes[i].Inputs[input])) }
	}
	for _, c := range []struct {
		name    string
		patch   func(*testing.T, []byte) []byte
		edit    func(*onnxgraph.Graph, *Manifest)
		wantErr string
	}{
		{name: "alphabet", edit: func(_ *onnxgraph.Graph, m *Manifest) { m.Alphabet = "abc" }, wantErr: `alphabet "abc"`},
		{name: "length", edit: func(_ *onnxgraph.Graph, m *Manifest) { m.Length = 32 }, wantErr: "length 32"},
		{name: "embedding size", edit: func(_ *onnxgraph.Graph, m *Manifest) { m.Embedding = 8 }, wantErr: "8 dimensions"},
		{name: "input type", edit: func(g *onnxgraph.Graph, _ *Manifest) { g.Inputs[0].Type = "int32" }, wantErr: "int64 [N][64] wanted"},
		{name: "output shape", edit: func(g *onnxgraph.Graph, _ *Manifest) { g.Outputs[0].Shape = []int{64, 8} }, wantErr: "float32 [N][64 16] wanted"},
		{name: "two inputs", edit: func(g *onnxgraph.Graph, _ *Manifest) { g.Inputs = append(g.Inputs, g.Inputs[0]) }, wantErr: "2 inputs"},
		{name: "fewer nodes", edit: func(g *onnxgraph.Graph, _ *Manifest) { g.Nodes = g.Nodes[:9] }, wantErr: "9 nodes, 10 wanted"},
		{name: "other output", edit: func(g *onnxgraph.Graph, _ *Manifest) { g.Outputs[0].Name = "x" }, wantErr: `output is "x"`},
		{name: "other operator", edit: node(3, func(n *onnxgraph.Node) { n.Op = "Sigmoid" }), wantErr: "/Relu_output_0 (Sigmoid): operator Relu wanted"},
		{name: "a skip", edit: node(4, func(n *onnxgraph.Node) { n.Inputs[0] = "ids" }), wantErr: "/conv2/Conv_output_0 (Conv): not a chain"},
		{name: "no bias", edit: node(2, func(n *onnxgraph.Node) { n.Inputs = n.Inputs[:2] }), wantErr: "input 2 is missing"},
		{name: "computed weights", edit: node(4, func(n *onnxgraph.Node) { n.Inputs[1] = "ids" }), wantErr: `"ids" is not a constant`},
		{name: "kernel shape", edit: weights(6, 1, func(w *onnxgraph.Tensor) { w.Shape[2] = 3 }), wantErr: "deconv1.weight"},
		{name: "short data", edit: weights(8, 2, func(w *onnxgraph.Tensor) { w.Floats = w.Floats[1:] }), wantErr: "15 floats"},
		{name: "NaN weight", edit: weights(2, 2, func(w *onnxgraph.Tensor) { w.Floats[3] = float32(math.NaN()) }), wantErr: "holds NaN"},
		{name: "padding with an embedding", edit: weights(0, 0, func(w *onnxgraph.Tensor) { w.Floats[5] = 1 }), wantErr: "does not embed to zero"},
		{name: "stride", patch: patch("strides", "\x40\x02", "\x40\x01"), wantErr: "strides is [1], [2] wanted"},
		{name: "pads", patch: patch("pads", "\x40\x02", "\x40\x03"), wantErr: "pads is [3 2], [2 2] wanted"},
		{name: "dilation", patch: patch("dilations", "\x40\x01", "\x40\x02"), wantErr: "dilations is [2]"},
		{name: "output padding", patch: patch("output_padding", "\x40\x01", "\x40\x00"), wantErr: "output_padding is [0]"},
		{name: "group", patch: patch("group", "\x18\x01", "\x18\x02"), wantErr: "group must be 1"},
		{name: "attribute missing", patch: patch("kernel_shape", "kernel_shape", "kernel_shapf"), wantErr: `"kernel_shape" is missing`},
		{name: "permutation", patch: patch("perm", "\x40\x02", "\x40\x01"), wantErr: "perm is [0 1 1]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data, err := os.ReadFile(modelFile)
			if err != nil {
				t.Fatal(err)
			}
			if c.patch != nil {
				data = c.patch(t, data)
			}
			g, err := onnxgraph.Decode("broken.onnx", data)
			if err != nil {
				t.Fatal(err)
			}
			m := readManifest(t)
			if c.edit != nil {
				c.edit(g, &m)
			}
			_, err = Compile(g, m)
			if err == nil || !strings.Contains(err.Error(), c.wantErr) || !strings.HasPrefix(err.Error(), "broken.onnx: ") {
				t.Errorf("error %v, wanted broken.onnx: … %s", err, c.wantErr)
			}
		})
	}
}
