package slab

import (
	"math/rand/v2"
	"sync"
	"testing"
)

// A table against a map: what is held is found, what had to go is not, and the two
// together are everything that was made.
func TestTableAgreesWithMap(t *testing.T) {
	for _, capacity := range []int{1, 2, 63, 64, 65, 300, 1000, 20_000} {
		r := rand.New(rand.NewPCG(uint64(capacity), 1))
		table, held, made, gone := New[int](capacity), map[uint64]int{}, 0, 0
		for step := range 20_000 + 3*capacity {
			key := r.Uint64() % uint64(4*capacity) * 0x9e3779b97f4a7c15
			s := table.Shard(table.Number(key))
			s.Lock()
			v := s.Find(key)
			want, ok := held[key]
			if (v != nil) != ok || ok && (*v != want || s.Peek(key) != v) {
				t.Fatalf("capacity %d, step %d: %v, want %d, %v", capacity, step, v, want, ok)
			}
			if v == nil {
				v = s.Make(key, func(old uint64, value *int) {
					if held[old] != *value {
						t.Fatalf("capacity %d, step %d: %d goes with %d", capacity, step, old, *value)
					}
					delete(held, old)
					gone++
				})
				if made++; *v != 0 {
					t.Fatalf("capacity %d, step %d: a new value is %d", capacity, step, *v)
				}
			}
			if s.FindAt(key, s.Last()) != v || s.FindAt(key+1, s.Last()) != nil || s.FindAt(key, 1<<30) != nil {
				t.Fatalf("capacity %d, step %d: %d is not at %d alone", capacity, step, key, s.Last())
			}
			table.Near(key, s.Last(), 2)
			table.Ahead(key)
			*v = step
			held[key] = step
			s.Unlock()
		}
		count := 0
		for i := range table.Len() {
			s := table.Shard(i)
			s.Each(func(key uint64, v *int) {
				if held[key] != *v {
					t.Errorf("capacity %d: %d has %d, want %d", capacity, key, *v, held[key])
				}
			})
			count += s.Len()
		}
		if count != len(held) || made-gone != count || count > capacity+table.Len() {
			t.Errorf("capacity %d: %d values, %d made, %d gone, %d in the map", capacity, count, made, gone, len(held))
		}
	}
}

// Chance spreads keys unevenly over shards; no table may lose a value for that while it is
// half empty.
func TestHalfFullTableEvictsNothing(t *testing.T) {
	for _, capacity := range []int{1, 2, 10, 64, 100, 1000, 4096, 65536} {
		r, table := rand.New(rand.NewPCG(2, 2)), New[int](capacity)
		for range (capacity + 1) / 2 {
			key := r.Uint64()
			table.Shard(table.Number(key)).Make(key, func(uint64, *int) { t.Errorf("capacity %d: a value had to go", capacity) })
		}
	}
}

// What is used between two others that come stays, but for the first round of the hand:
// when all have been touched, it takes where it began.
func TestWhatIsUsedStays(t *testing.T) {
	const capacity = 100
	r, table := rand.New(rand.NewPCG(3, 3)), New[int](capacity)
	s, kept := table.Shard(0), []uint64{1, 2, 3, 4, 5}
	make := func(key uint64) { s.Make(key, func(uint64, *int) {}) }
	make(r.Uint64())
	for _, key := range kept {
		make(key)
	}
	for range 20 * capacity {
		for _, key := range kept {
			if s.Find(key) == nil {
				t.Fatalf("%d is gone", key)
			}
		}
		make(r.Uint64())
	}
}

func TestPoolHandsOutEachValueOnce(t *testing.T) {
	r, held := rand.New(rand.NewPCG(4, 4)), map[uint32]int{}
	var p Pool[int]
	for step := range 10_000 {
		if r.IntN(5) < 3 {
			n := p.Take()
			if _, ok := held[n]; ok {
				t.Fatalf("%d is handed out twice", n)
			}
			held[n], *p.At(n) = step, step
			continue
		}
		for n, value := range held {
			if *p.At(n) != value {
				t.Fatalf("%d has %d, want %d", n, *p.At(n), value)
			}
			p.Give(n)
			delete(held, n)
			break
		}
	}
	if int(p.used) > 10_000 || len(p.chunks)*chunk > int(p.used)+chunk {
		t.Errorf("%d chunks for %d values", len(p.chunks), p.used)
	}
}

func TestShardsAreUsedAtOnce(t *testing.T) {
	const goroutines, keys = 4, 5000
	table := New[int](4 * keys) // room for all, however they spread
	key := func(i int) uint64 { return uint64(i) * 0x9e3779b97f4a7c15 }
	var busy sync.WaitGroup
	for range goroutines {
		busy.Go(func() {
			for i := range keys {
				s := table.Shard(table.Number(key(i)))
				s.Lock()
				v := s.Find(key(i))
				if v == nil {
					v = s.Make(key(i), func(uint64, *int) { t.Error("a value had to go") })
				}
				*v++
				s.Unlock()
			}
		})
	}
	busy.Wait()
	for i := range keys {
		if v := table.Shard(table.Number(key(i))).Peek(key(i)); v == nil || *v != goroutines {
			t.Fatalf("key %d: %v, want %d", i, v, goroutines)
		}
	}
}

func TestFindDoesNotAllocate(t *testing.T) {
	table := New[[20]int](1)
	s := table.Shard(0)
	s.Make(7, nil)
	if got := testing.AllocsPerRun(1000, func() { s.Find(7); s.Find(8) }); got != 0 {
		t.Errorf("%v allocations, want none", got)
	}
}
