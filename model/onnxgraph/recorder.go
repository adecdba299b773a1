package onnxgraph

import (
	"fmt"
	"slices"

	"github.com/owulveryck/onnx-go"
	"gonum.org/v1/gonum/graph"
	"gonum.org/v1/gonum/graph/simple"
	"gorgonia.org/tensor"
)

// recorder is the backend that the decoder builds. It keeps what it is told:
// an edge list of its own, because a gonum graph would lose one operand of
// Mul(x, x). The decoder only builds; the embedded nil interface stands for
// all that it never asks.
type recorder struct {
	graph.DirectedWeightedBuilder

	nodes      []*value // by id
	names      map[string]bool
	inputs     map[int64][]string // of the operation that makes the value
	operations []operation
	faults     []error
}

// value is a node of the decoder: an input, output, constant or intermediate.
type value struct {
	id   int64
	name string
	data tensor.Tensor
	sets int // how often data was set
}

// operation is one ONNX node as the decoder tells it, without its name.
type operation struct {
	op              string
	attributes      map[string]any
	inputs, outputs []string
}

var (
	_ onnx.Backend     = (*recorder)(nil)
	_ onnx.Namer       = (*value)(nil)
	_ onnx.DataCarrier = (*value)(nil)
)

func newRecorder() *recorder {
	return &recorder{names: map[string]bool{}, inputs: map[int64][]string{}}
}

func (v *value) ID() int64                { return v.id }
func (v *value) SetName(name string)      { v.name = name }
func (v *value) GetName() string          { return v.name }
func (v *value) GetTensor() tensor.Tensor { return v.data }

func (v *value) SetTensor(t tensor.Tensor) error {
	v.data = t
	v.sets++
	return nil
}

// NewNode numbers the values in the order in which they are declared.
func (r *recorder) NewNode() graph.Node {
	v := &value{id: int64(len(r.nodes))}
	r.nodes = append(r.nodes, v)
	return v
}

// AddNode comes after a value got its name.
func (r *recorder) AddNode(n graph.Node) {
	name := n.(*value).name
	if r.names[name] {
		r.faults = append(r.faults, fmt.Errorf("value %q is declared twice", name))
	}
	r.names[name] = true
}

// NewWeightedEdge is an input of the operation that makes from.
func (r *recorder) NewWeightedEdge(from, to graph.Node, weight float64) graph.WeightedEdge {
	return simple.WeightedEdge{F: from, T: to, W: weight}
}

// SetWeightedEdge keeps the inputs in the order in which they come, which is
// that of the file; a missing optional input is a value named "".
func (r *recorder) SetWeightedEdge(e graph.WeightedEdge) {
	id := e.From().ID()
	r.inputs[id] = append(r.inputs[id], e.To().(*value).name)
}

// ApplyOperation ends an ONNX node: all edges of its outputs are known.
func (r *recorder) ApplyOperation(op onnx.Operation, outputs ...graph.Node) error {
	if len(outputs) == 0 {
		return fmt.Errorf("a node %s has no output", op.Name)
	}
	o := operation{op: op.Name, attributes: op.Attributes}
	for _, n := range outputs {
		o.outputs = append(o.outputs, n.(*value).name)
	}
	o.inputs = r.inputs[outputs[0].ID()]
	for name, a := range op.Attributes {
		if _, ok := a.(tensor.Tensor); ok {
			return fmt.Errorf("node %s: tensor attribute %q is not supported", o.outputs[0], name)
		}
	}
	r.operations = append(r.operations, o)
	return nil
}

// value describes a declared input or output.
func (r *recorder) value(id int64) (Value, error) {
	n := r.nodes[id]
	if n.name == "" {
		return Value{}, fmt.Errorf("number %d has no name", id)
	}
	if n.data == nil {
		return Value{}, fmt.Errorf("%q has no type", n.name)
	}
	return Value{Name: n.name, Shape: slices.Clone([]int(n.data.Shape())), Type: n.data.Dtype().Name()}, nil
}

// constants returns the values that were given data. The decoder declares
// inputs and intermediate values first and outputs last, and sets a tensor of
// the declared shape on each; an initializer comes after them or is a second
// setting.
func (r *recorder) constants(outputs []int64) []*value {
	last := slices.Max(outputs)
	var found []*value
	for _, n := range r.nodes {
		if n.sets > 1 || n.sets == 1 && n.id > last {
			found = append(found, n)
		}
	}
	return found
}
