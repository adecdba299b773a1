package onnxgraph

import "fmt"

// sort turns the operations into nodes in topological order, keeping the
// file's order where it can, and checks that every value has one origin.
func (g *Graph) sort(operations []operation) error {
	known := map[string]bool{"": true} // "" is an optional input left out
	for _, v := range g.Inputs {
		known[v.Name] = true
	}
	for name := range g.initializers {
		if known[name] {
			return fmt.Errorf("value %q is both input and initializer", name)
		}
		known[name] = true
	}
	maker := map[string]bool{}
	for _, o := range operations {
		for _, name := range o.outputs {
			if name != "" && (known[name] || maker[name]) {
				return fmt.Errorf("node %s (%s): value %q is made twice", o.outputs[0], o.op, name)
			}
			maker[name] = true
		}
	}
	users := map[string][]int{} // operations that wait for a value
	waits := make([]int, len(operations))
	var ready []int
	for i, o := range operations {
		for _, name := range o.inputs {
			switch {
			case known[name]:
			case !maker[name]:
				return fmt.Errorf("node %s (%s): input %q is not defined", o.outputs[0], o.op, name)
			default:
				users[name] = append(users[name], i)
				waits[i]++
			}
		}
		if waits[i] == 0 {
			ready = append(ready, i)
		}
	}
	for ; len(ready) > 0; ready = ready[1:] {
		o := operations[ready[0]]
		g.Nodes = append(g.Nodes, &Node{Op: o.op, Name: o.outputs[0], Inputs: o.inputs, Outputs: o.outputs, file: g.File, attributes: o.attributes})
		for _, name := range o.outputs {
			for _, i := range users[name] {
				if waits[i]--; waits[i] == 0 {
					ready = append(ready, i)
				}
			}
		}
	}
	for i, o := range operations {
		if waits[i] > 0 {
			return fmt.Errorf("node %s (%s): waits for its own result", o.outputs[0], o.op)
		}
	}
	for _, v := range g.Outputs {
		if !known[v.Name] && !maker[v.Name] {
			return fmt.Errorf("output %q is not defined", v.Name)
		}
	}
	return nil
}
