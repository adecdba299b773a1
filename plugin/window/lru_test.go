package window

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// The table against a plain list of pairs, newest first: pairs that fall close
// together in the index, so that searches pass over each other.
func TestLRUAgreesWithAList(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 5))
		capacity := 1 + r.IntN(200)
		table := newLRU[int](capacity)
		var list []Pair
		values := map[Pair]int{}
		forget := func(p Pair) {
			list = slices.DeleteFunc(list, func(q Pair) bool { return q == p })
			delete(values, p)
		}
		for step := range 20_000 {
			p := Pair(r.IntN(2 * capacity))
			switch r.IntN(4) {
			case 0:
				if got, want := table.remove(p), values[p]; got != want {
					t.Fatalf("seed %d, step %d: removed %d, want %d", seed, step, got, want)
				}
				forget(p)
			case 1:
				v := table.peek(p)
				if want, ok := values[p]; ok != (v != nil) || ok && *v != want {
					t.Fatalf("seed %d, step %d: peeked %v, want %d, %v", seed, step, v, want, ok)
				}
			default:
				v := table.get(p)
				if _, ok := values[p]; ok != (v != nil) {
					t.Fatalf("seed %d, step %d: got %v, want one: %v", seed, step, v, ok)
				}
				if v == nil {
					if table.full() {
						oldest := list[len(list)-1]
						if got := table.removeOldest(); got != values[oldest] {
							t.Fatalf("seed %d, step %d: %d went, want %d", seed, step, got, values[oldest])
						}
						forget(oldest)
					}
					v = table.add(p)
				}
				*v = step
				forget(p)
				list, values[p] = slices.Insert(list, 0, p), step
			}
			if table.size != len(list) || table.size > capacity {
				t.Fatalf("seed %d, step %d: %d pairs, want %d of %d", seed, step, table.size, len(list), capacity)
			}
		}
	}
}
