package onnxgraph

import "fmt"

// Node is one operation. The decoder drops node names, so Name is the name of
// the first output.
type Node struct {
	Op, Name        string
	Inputs, Outputs []string // "" is an optional one left out

	file       string
	attributes map[string]any
}

// Errorf is an error that names file and node.
func (n *Node) Errorf(format string, args ...any) error {
	return fmt.Errorf("%s: node %s (%s): %w", n.file, n.Name, n.Op, fmt.Errorf(format, args...))
}

// Has reports whether the node has an attribute of that name.
func (n *Node) Has(name string) bool {
	_, ok := n.attributes[name]
	return ok
}

// Attribute is the types an attribute can have here.
type Attribute interface {
	int64 | float32 | string | []int64 | []float32 | []string
}

// Get returns an attribute. It is an error if the attribute is missing or of
// another type.
func Get[T Attribute](n *Node, name string) (T, error) {
	var zero T
	a, ok := n.attributes[name]
	if !ok {
		return zero, n.Errorf("attribute %q is missing", name)
	}
	v, ok := a.(T)
	if !ok {
		return zero, n.Errorf("attribute %q is %T, not %T", name, a, zero)
	}
	return v, nil
}
