package slab

import (
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

// Pieces are zero, begin with a line and share nothing, whatever is asked for in turn.
func TestPiecesAreApart(t *testing.T) {
	type piece struct {
		at   uintptr
		size int
	}
	for _, m := range []*Memory{nil, new(Memory)} {
		r, all := rand.New(rand.NewPCG(5, 5)), []piece{}
		var held [][]uint16
		for range 400 {
			n := r.IntN(1 << r.IntN(18))
			if r.IntN(100) == 0 {
				n = block / 2 // as many bytes as a block has
			}
			got := Make[uint16](m, n)
			if len(got) != n || slices.ContainsFunc(got, func(v uint16) bool { return v != 0 }) {
				t.Fatalf("%d of %d values, or some that are not zero", len(got), n)
			}
			if n == 0 {
				continue
			}
			for i := range got {
				got[i] = ^uint16(0)
			}
			at := uintptr(unsafe.Pointer(&got[0]))
			if m != nil && at%line != 0 {
				t.Fatalf("%d values begin within a line", n)
			}
			held, all = append(held, got), append(all, piece{at, 2 * n})
		}
		slices.SortFunc(all, func(a, b piece) int { return int(a.at) - int(b.at) })
		for i := range all[1:] {
			if all[i].at+uintptr(all[i].size) > all[i+1].at {
				t.Fatalf("%v and %v overlap", all[i], all[i+1])
			}
		}
		_ = held
	}
}
