// Package onnxgraph reads an ONNX file into a plain graph that a compiler can
// check and walk. It is the only importer of onnx-go, and uses of it only the
// decoder: its runtime has none of the operators our models are made of.
//
// The decoder does not expose opset, domain, metadata and node names, and it
// drops free dimensions; the manifest beside a model stands for what is lost.
package onnxgraph

import (
	"errors"
	"fmt"

	"github.com/owulveryck/onnx-go"
	"gorgonia.org/tensor"
)

// Graph is a decoded ONNX graph. It is never changed after Decode and safe for
// concurrent use; callers must not write to what it hands out.
type Graph struct {
	File    string  // as given to Decode, for errors
	Nodes   []*Node // in an order in which every input is made before its use
	Inputs  []Value // initializers left out
	Outputs []Value

	initializers map[string]*Tensor
}

// Value is a declared input or output. Shape leaves out free dimensions, such
// as the number of rows.
type Value struct {
	Name  string
	Shape []int
	Type  string // Go's name of the element type: "float32", "int64"
}

// Tensor is constant data in row-major order. One of Floats and Ints is set.
type Tensor struct {
	Shape  []int
	Floats []float32
	Ints   []int64
}

// Decode reads an ONNX file; name stands for it in errors. A file that is
// empty, cut short, corrupt or cyclic, or that uses values it does not define,
// gives an error, never a panic.
func Decode(name string, data []byte) (*Graph, error) {
	r := newRecorder()
	model := onnx.NewModel(r)
	if err := unmarshal(model, data); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	g := &Graph{File: name, initializers: map[string]*Tensor{}}
	if err := g.fill(r, model); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return g, nil
}

// unmarshal runs the decoder, which panics on some corrupt files.
func unmarshal(model *onnx.Model, data []byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("corrupt ONNX file: %v", p)
		}
	}()
	if len(data) == 0 {
		return errors.New("empty file")
	}
	if err := checkExtents(data); err != nil {
		return fmt.Errorf("corrupt ONNX file: %w", err)
	}
	if err := model.UnmarshalBinary(data); err != nil {
		return fmt.Errorf("not a readable ONNX file: %w", err)
	}
	return nil
}

// Initializer returns the constant of that name, or nil.
func (g *Graph) Initializer(name string) *Tensor { return g.initializers[name] }

// fill takes over what the recorder heard.
func (g *Graph) fill(r *recorder, model *onnx.Model) error {
	if err := errors.Join(r.faults...); err != nil {
		return err
	}
	for _, id := range model.Input {
		v, err := r.value(id)
		if err != nil {
			return fmt.Errorf("input %w", err)
		}
		g.Inputs = append(g.Inputs, v)
	}
	for _, id := range model.Output {
		v, err := r.value(id)
		if err != nil {
			return fmt.Errorf("output %w", err)
		}
		g.Outputs = append(g.Outputs, v)
	}
	for _, n := range r.constants(model.Output) {
		t, err := newTensor(n.data)
		if err != nil {
			return fmt.Errorf("initializer %q: %w", n.name, err)
		}
		g.initializers[n.name] = t
	}
	return g.sort(r.operations)
}

// newTensor copies the decoder's tensor.
func newTensor(t tensor.Tensor) (*Tensor, error) {
	out := &Tensor{Shape: append([]int(nil), t.Shape()...)}
	switch data := t.Data().(type) {
	case []float32:
		out.Floats = append(out.Floats, data...)
	case float32:
		out.Floats = []float32{data}
	case []int64:
		out.Ints = append(out.Ints, data...)
	case int64:
		out.Ints = []int64{data}
	default:
		return nil, fmt.Errorf("element type %v, only float32 and int64 are supported", t.Dtype())
	}
	return out, nil
}
