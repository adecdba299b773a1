package onnxgraph

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// maxElements bounds every tensor of a model. The decoder allocates whatever
// shape a file declares, before it looks for data, so that a few corrupt bytes
// could ask for all memory; Go cannot recover from that.
const maxElements = 1 << 24

var errTooLarge = fmt.Errorf("a tensor of more than %d elements", maxElements)

// extents are the ways from a ModelProto to the dimensions of a tensor, by
// field numbers of onnx.proto. Dimensions below one message at depth
// tensor multiply; protobuf merges messages that a single field repeats.
var extents = []struct {
	path   []protowire.Number
	tensor int
}{
	{[]protowire.Number{7, 11, 2, 1, 2, 1, 1}, 2}, // graph.input.type.tensor_type.shape.dim.dim_value
	{[]protowire.Number{7, 12, 2, 1, 2, 1, 1}, 2}, // graph.output…
	{[]protowire.Number{7, 13, 2, 1, 2, 1, 1}, 2}, // graph.value_info…
	{[]protowire.Number{7, 5, 1}, 2},              // graph.initializer.dims
	{[]protowire.Number{7, 1, 5, 5, 1}, 3},        // graph.node.attribute.t.dims
}

// checkExtents refuses a file that declares a tensor above maxElements.
func checkExtents(data []byte) error {
	for _, e := range extents {
		if _, err := elements(data, e.path, e.tensor); err != nil {
			return err
		}
	}
	return nil
}

// elements returns the product of the dimensions at path below data, and above
// depth 0 the greatest product of the messages there.
func elements(data []byte, path []protowire.Number, depth int) (uint64, error) {
	total := uint64(1)
	for len(data) > 0 {
		num, typ, n := protowire.ConsumeTag(data)
		if n < 0 {
			return 0, protowire.ParseError(n)
		}
		data = data[n:]
		size := protowire.ConsumeFieldValue(num, typ, data)
		if size < 0 {
			return 0, protowire.ParseError(size)
		}
		field := data[:size]
		data = data[size:]
		if num != path[0] {
			continue
		}
		if typ == protowire.BytesType {
			field, _ = protowire.ConsumeBytes(field)
		}
		var found uint64
		var err error
		if len(path) == 1 {
			found, err = dimensions(field)
		} else {
			found, err = elements(field, path[1:], depth-1)
		}
		if err != nil {
			return 0, err
		}
		if depth > 0 {
			total = max(total, found)
		} else {
			total *= found
		}
		if total > maxElements {
			return 0, errTooLarge
		}
	}
	return total, nil
}

// dimensions multiplies varints, one or packed. A negative one reads as huge.
func dimensions(field []byte) (uint64, error) {
	total := uint64(1)
	for len(field) > 0 {
		dim, n := protowire.ConsumeVarint(field)
		if n < 0 {
			return 0, protowire.ParseError(n)
		}
		field = field[n:]
		if dim > maxElements || total*max(dim, 1) > maxElements {
			return 0, errTooLarge
		}
		total *= max(dim, 1)
	}
	return total, nil
}
