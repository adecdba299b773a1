package surprisal

import (
	"encoding/binary"
	"fmt"
	"math"
)

// A table is, in layout 1, the number of the row of each context, 16 bits with
// the least byte first, and then the rows of costs, a byte each.
const (
	indexSize = 2 * contexts
	maxSize   = 256 << 10
	maxRows   = (maxSize - indexSize) / Symbols
)

// one is 1 in the arithmetic of weights.
const one = 1 << 40

// weights holds 2^(−cost/Unit) of each cost in 1/one, rounded up, so that a sum
// of weights is never too small.
var weights = func() (t [256]uint64) {
	for cost := range t {
		t[cost] = uint64(math.Ceil(math.Exp2(40 - float64(cost)/Unit)))
	}
	return t
}()

// Decode makes a model of a table and its manifest. A manifest of another
// model than this package runs, a table of another size than it says, a context
// with a row that is not there and a row that is no code are errors; file
// stands for the table in them.
func Decode(file string, data []byte, manifest Manifest) (*Model, error) {
	if err := manifest.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if want := indexSize + manifest.Rows*Symbols; len(data) != want {
		return nil, fmt.Errorf("%s: %d bytes, %d wanted for %d rows", file, len(data), want, manifest.Rows)
	}
	m := &Model{costs: append([]uint8(nil), data[indexSize:]...)}
	for context := range m.first {
		row := int(binary.LittleEndian.Uint16(data[2*context:]))
		if row >= manifest.Rows {
			return nil, fmt.Errorf("%s: context %q at byte %d: row %d of %d", file, describe(context), 2*context, row, manifest.Rows)
		}
		m.first[context] = uint16(row)
	}
	for row := range manifest.Rows {
		var sum uint64
		for _, cost := range m.costs[row*Symbols:][:Symbols] {
			sum += weights[cost]
		}
		if sum > one {
			return nil, fmt.Errorf("%s: row %d at byte %d: its probabilities sum to %.6g, more than 1",
				file, row, indexSize+row*Symbols, float64(sum)/one)
		}
	}
	return m, nil
}

// describe writes a context, with a dot for End.
func describe(context int) string {
	const shown = Alphabet + "."
	return string([]byte{
		shown[context/(Symbols*Symbols)], shown[context/Symbols%Symbols], shown[context%Symbols],
	})
}
