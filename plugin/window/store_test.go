package window

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/notunnel/notunnel/model/feature"
)

// nth is the pair of that number.
func nth(n int) Pair { return Pair(hashed(fmt.Sprint(n))) }

// visit has a pair ask for a prefix.
func visit(s *Store, p Pair, prefix string, at time.Time) State {
	q := query(prefix, at)
	q.Pair = p
	return ask(s, &q, nil).State
}

// Chance spreads pairs unevenly over shards; no store may lose a window for
// that while it is half empty.
func TestHalfFullStoreEvictsNothing(t *testing.T) {
	for _, capacity := range []int{1, 2, 10, 64, 100, 1000, 4096, 65536} {
		s := newStore(capacity)
		half := (capacity + 1) / 2
		for i := range half {
			visit(s, nth(i), "a", time.Unix(1e9, 0))
		}
		if windows, evicted := s.Count(); windows != half || evicted != 0 {
			t.Errorf("capacity %d: of %d windows %d are held, %d evicted", capacity, half, windows, evicted)
		}
	}
}

// The models run once for a prefix that many pairs have, and what is remembered
// sums up as what was measured.
func TestExpensiveMeasuresAreShared(t *testing.T) {
	s, now := newStore(65536), time.Unix(1e9, 0)
	visit(s, nth(0), "www", now)
	var want, got feature.Summary
	s.Peek(nth(0), &want)
	for i := range 100 {
		q := query("www", now)
		q.Pair = nth(i)
		if state := s.Observe(&q, nil, nil).State; state != Quiet {
			t.Fatalf("pair %d: state %d, want Quiet", i, state)
		}
		if s.Peek(q.Pair, &got); got != want {
			t.Fatalf("pair %d: %+v, want %+v", i, got, want)
		}
	}
}

func TestForget(t *testing.T) {
	s, now := newStore(100), time.Unix(1e9, 0)
	visit(s, nth(1), "a", now)
	visit(s, nth(2), "a", now)
	s.Forget(nth(1))
	s.Forget(nth(3)) // there is none
	if s.Peek(nth(1), new(feature.Summary)) || !s.Peek(nth(2), new(feature.Summary)) {
		t.Error("not the window that was to be forgotten is gone")
	}
}

func TestInheritCopiesWindows(t *testing.T) {
	old, now := newStore(10_000), time.Unix(1e9, 0)
	for i := range 100 {
		for j := range 30 { // more than a pane
			visit(old, nth(i), fmt.Sprint("p", j), now)
		}
	}
	next := newStore(64)
	next.Inherit(old)
	if windows, _ := next.Count(); windows != 64 {
		t.Fatalf("%d windows, want 64", windows)
	}
	for i := range 100 {
		var was, is feature.Summary
		old.Peek(nth(i), &was)
		// The last 64 pairs were used last, although all at the same time.
		if held := next.Peek(nth(i), &is); held && is != was {
			t.Errorf("pair %d: %+v, want %+v", i, is, was)
		}
	}
}

func TestInheritKeepsThePairsUsedLast(t *testing.T) {
	old, now := newStore(65536), time.Unix(1e9, 0)
	for i := range 200 {
		visit(old, nth(i), "a", now.Add(time.Duration(i)*time.Second))
	}
	next := newStore(50)
	next.Inherit(old)
	for i := range 200 {
		if got, want := next.Peek(nth(i), new(feature.Summary)), i >= 150; got != want {
			t.Errorf("window %d of 200: held %v, want %v", i, got, want)
		}
	}
}

// The predecessor may go on serving, for good when the successor fails.
func TestInheritLeavesTheOtherStoreAlone(t *testing.T) {
	old, now := newStore(1000), time.Unix(1e9, 0)
	p := nth(1)
	visit(old, p, "a", now)
	next := newStore(1000)
	next.Inherit(old)
	for i := range MaxEvents {
		visit(next, p, fmt.Sprint("b", i), now)
		next.Learn(p, hashed("a"), &Answer{News: 1})
	}
	next.Forget(p)
	var sum feature.Summary
	if !old.Peek(p, &sum) || sum.Events != 1 || sum.Answered != 0 {
		t.Errorf("the window copied from has %d events, %d answered; want 1, 0", sum.Events, sum.Answered)
	}
}

func TestInheritWhileBothAreInUse(t *testing.T) {
	const pairs = 2000
	old, next, now := newStore(65536), newStore(65536), time.Unix(1e9, 0)
	for i := range pairs {
		visit(old, nth(i), "a", now)
	}
	var busy sync.WaitGroup
	for _, s := range []*Store{old, next} {
		busy.Go(func() {
			for i := range pairs {
				visit(s, nth(i), "b", now)
			}
		})
	}
	next.Inherit(old)
	busy.Wait()
	if windows, _ := next.Count(); windows != pairs {
		t.Errorf("%d windows, want %d", windows, pairs)
	}
}
