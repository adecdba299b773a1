package window

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/plugin/slab"
)

// Pair names a window of a store.
type Pair uint64

// Store has windows without end.
type Store struct {
	*Rules
	windows map[Pair]*Window
	panes   Panes
}

// asked is a query with its pair.
type asked struct {
	Query
	Pair Pair
}

func (s *Store) window(p Pair) *Window {
	if s.windows[p] == nil {
		s.windows[p] = &Window{}
	}
	return s.windows[p]
}

func (s *Store) Observe(q *asked, sum *feature.Summary) Outcome {
	return s.Rules.Observe(s.window(q.Pair), &s.panes, &q.Query, sum)
}

func (s *Store) Scored(p Pair, o Outcome, score float32) { s.window(p).Scored(o, score) }
func (s *Store) Learn(p Pair, prefix uint64, a *Answer)  { s.window(p).Learn(&s.panes, prefix, a) }
func (s *Store) Peek(p Pair, sum *feature.Summary) bool {
	return s.Summarize(s.window(p), &s.panes, sum)
}

// nth is the pair of that number.
func nth(n int) Pair { return Pair(hashed(fmt.Sprint(n))) }

// visit has a pair ask for a prefix.
func visit(s *Store, p Pair, prefix string, at time.Time) {
	q := query(prefix, at)
	q.Pair = p
	s.Observe(&q, nil)
}

// The models run once for a prefix that many pairs have, when the first of them is summed
// up, and what is remembered sums up as what was measured.
func TestExpensiveMeasuresAreShared(t *testing.T) {
	s, now, measured := newStore(), time.Unix(1e9, 0), 0
	s.Measure = func(text []byte) Measures {
		measured++
		return measure(text)
	}
	visit(s, nth(0), "www", now)
	if measured > 0 {
		t.Error("the only prefix of a window is measured")
	}
	var want, got feature.Summary
	if s.Peek(nth(0), &want); want.Fresh != 1 || want.New != 3 || measured != 1 {
		t.Fatalf("%+v after %d measures", want, measured)
	}
	for i := range 100 {
		visit(s, nth(i), "www", now)
		if s.Peek(nth(i), &got); got != want {
			t.Fatalf("pair %d: %+v, want %+v", i, got, want)
		}
	}
	if measured != 1 {
		t.Errorf("%d measures of one prefix", measured)
	}
}

// Whatever windows do, what they leave is used again, and copies are alike.
func TestPanesAreGivenBack(t *testing.T) {
	s, r, now := newStore(), rand.New(rand.NewPCG(8, 1)), Tick(1<<31)
	for range 50_000 {
		p := Pair(r.IntN(20))
		switch r.IntN(40) {
		case 0:
			s.window(p).Clear(&s.panes)
		case 1:
			now -= Tick(r.IntN(1000)) * Tick(r.IntN(2))
		case 2:
			to := s.window(Pair(r.IntN(20)))
			if to == s.window(p) {
				continue
			}
			to.Clear(&s.panes)
			s.window(p).CopyTo(to, &s.panes, &s.panes)
			var was, is feature.Summary
			if a, b := s.Summarize(to, &s.panes, &is), s.Peek(p, &was); a != b || is != was {
				t.Fatalf("a copy is %+v, want %+v", is, was)
			}
		default:
			prefix := fmt.Sprint(r.IntN(1 << r.IntN(10)))
			q := asked{Query: Query{Prefix: []byte(prefix), Hash: hashed(prefix), Fresh: r.IntN(3) > 0, Bits: 50, At: now}, Pair: p}
			s.Observe(&q, nil)
		}
		now += Tick(r.IntN(1 << r.IntN(14)))
	}
	for p := range Pair(20) {
		s.window(p).Clear(&s.panes)
	}
	if !whole(&s.panes.panes) || !whole(&s.panes.few) || !whole(&s.panes.many) {
		t.Error("windows that are empty have something, or have given something back twice")
	}
}

// whole reports whether a pool hands out every number below any, once.
func whole[T any](p *slab.Pool[T]) bool {
	const many = 10_000
	seen := map[uint32]bool{}
	for range many {
		if n := p.Take(); n < many {
			seen[n] = true
		}
	}
	return len(seen) == many
}

func TestCopiesShareNothing(t *testing.T) {
	s, now := newStore(), time.Unix(1e9, 0)
	for j := range 30 { // more than a pane
		visit(s, 1, fmt.Sprint("p", j), now)
	}
	var was, is feature.Summary
	s.Peek(1, &was)
	s.window(1).CopyTo(s.window(2), &s.panes, &s.panes)
	if s.Peek(2, &is); is != was {
		t.Errorf("%+v, want %+v", is, was)
	}
	for i := range MaxEvents {
		visit(s, 2, fmt.Sprint("b", i), now)
		s.Learn(2, hashed("p29"), &Answer{News: 1})
	}
	s.window(2).Clear(&s.panes)
	if s.Peek(1, &is); is != was {
		t.Errorf("the window copied from: %+v, want %+v", is, was)
	}
	if s.Peek(2, &is) {
		t.Error("a window that was cleared has something")
	}
}

// A tick is back in its time, however often ticks have wrapped.
func TestTickTime(t *testing.T) {
	for _, now := range []time.Time{time.Unix(0, 0), time.Unix(1.7e9, 123456789), time.Unix(1<<32, 1), time.Unix(0, 5<<58)} {
		for _, ago := range []time.Duration{0, time.Millisecond, time.Hour, 24 * 365 * time.Hour} {
			at := now.Add(-ago)
			if got := TickOf(at).Time(now); got.After(at) || at.Sub(got) >= 1<<tickShift {
				t.Errorf("%v before %v is %v", ago, now, got)
			}
		}
	}
}
