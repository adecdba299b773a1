// Package onnxtest writes small ONNX files for tests: graphs that the trainer
// would never export, and forests whose answer is known beforehand.
package onnxtest

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Element types of tensors, as TensorProto.DataType numbers them.
const (
	Float32 = 1
	Int32   = 6
	Int64   = 7
	Float16 = 10
	Float64 = 11
)

// Model is an ONNX file in the making.
type Model struct {
	Inputs, Outputs, Values []Value
	Initializers            []Tensor
	Nodes                   []Node
}

// Value is a declared input, output or intermediate. A negative dimension is
// free; without an element type the value has none.
type Value struct {
	Name  string
	Type  int
	Shape []int64
}

// Tensor is an initializer. Floats and Ints are written as such; with neither,
// the tensor declares its shape and brings no data.
type Tensor struct {
	Name   string
	Type   int
	Shape  []int64
	Floats []float32
	Ints   []int64
}

// Node is an operation. Attributes are int, float32, string, []int64,
// []float32, []string, or a Tensor.
type Node struct {
	Op, Name        string
	Inputs, Outputs []string
	Attributes      map[string]any
}

// Marshal writes the file. It panics on an attribute of another type.
func (m Model) Marshal() []byte {
	var g []byte
	for _, n := range m.Nodes {
		g = message(g, 1, n.marshal())
	}
	g = text(g, 2, "graph")
	for _, t := range m.Initializers {
		g = message(g, 5, t.marshal())
	}
	for field, values := range map[protowire.Number][]Value{11: m.Inputs, 12: m.Outputs, 13: m.Values} {
		for _, v := range values {
			g = message(g, field, v.marshal())
		}
	}
	file := varint(nil, 1, 8) // IR version
	file = message(file, 7, g)
	return message(file, 8, varint(nil, 2, 13)) // opset
}

func (v Value) marshal() []byte {
	b := text(nil, 1, v.Name)
	if v.Type == 0 {
		return b
	}
	var shape []byte
	for _, size := range v.Shape {
		dim := text(nil, 2, "N")
		if size >= 0 {
			dim = varint(nil, 1, uint64(size))
		}
		shape = message(shape, 1, dim)
	}
	tensor := varint(nil, 1, uint64(v.Type))
	tensor = message(tensor, 2, shape)
	return message(b, 2, message(nil, 1, tensor))
}

func (t Tensor) marshal() (b []byte) {
	for _, size := range t.Shape {
		b = varint(b, 1, uint64(size))
	}
	b = varint(b, 2, uint64(t.Type))
	b = text(b, 8, t.Name)
	b = floats(b, 4, t.Floats)
	return ints(b, 7, t.Ints)
}

func (n Node) marshal() (b []byte) {
	for _, name := range n.Inputs {
		b = text(b, 1, name)
	}
	for _, name := range n.Outputs {
		b = text(b, 2, name)
	}
	b = text(b, 3, n.Name)
	b = text(b, 4, n.Op)
	for name, value := range n.Attributes {
		b = message(b, 5, attribute(name, value))
	}
	return b
}

// attribute writes an AttributeProto: the value, and which field it is in.
func attribute(name string, value any) []byte {
	b := text(nil, 1, name)
	kind := uint64(0)
	switch v := value.(type) {
	case float32:
		kind = 1
		b = protowire.AppendTag(b, 2, protowire.Fixed32Type)
		b = protowire.AppendFixed32(b, math.Float32bits(v))
	case int:
		kind, b = 2, varint(b, 3, uint64(v))
	case string:
		kind, b = 3, text(b, 4, v)
	case Tensor:
		kind, b = 4, message(b, 5, v.marshal())
	case []float32:
		kind, b = 6, floats(b, 7, v)
	case []int64:
		kind, b = 7, ints(b, 8, v)
	case []string:
		kind = 8
		for _, s := range v {
			b = text(b, 9, s)
		}
	default:
		panic(fmt.Sprintf("onnxtest: attribute %s is %T", name, value))
	}
	return varint(b, 20, kind)
}

func varint(b []byte, field protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), v)
}

func message(b []byte, field protowire.Number, m []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), m)
}

func text(b []byte, field protowire.Number, s string) []byte { return message(b, field, []byte(s)) }

func floats(b []byte, field protowire.Number, values []float32) []byte {
	for _, v := range values {
		b = protowire.AppendTag(b, field, protowire.Fixed32Type)
		b = protowire.AppendFixed32(b, math.Float32bits(v))
	}
	return b
}

func ints(b []byte, field protowire.Number, values []int64) []byte {
	for _, v := range values {
		b = varint(b, field, uint64(v))
	}
	return b
}
