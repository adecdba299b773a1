package window

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/notunnel/notunnel/model/feature"
)

// nth is the pair of that number.
func nth(s *Store, n int) Pair { return Pair(s.Hash(fmt.Append(nil, n))) }

// visit has a pair ask for a prefix.
func visit(s *Store, p Pair, prefix string, at time.Time) State {
	q, m := query(s, prefix, at, false), measure(prefix)
	q.Pair = p
	return s.Observe(&q, &m, nil).State
}

// Chance spreads pairs unevenly over shards; no store may lose a window for
// that while it is half empty.
func TestHalfFullStoreEvictsNothing(t *testing.T) {
	for _, capacity := range []int{1, 2, 10, 64, 100, 1000, 4096, 65536} {
		s := NewStore(capacity)
		half := (capacity + 1) / 2
		for i := range half {
			visit(s, nth(s, i), "a", time.Unix(1e9, 0))
		}
		if windows, _, evicted := s.Count(); windows != half || evicted != 0 {
			t.Errorf("capacity %d: of %d windows %d are held, %d evicted", capacity, half, windows, evicted)
		}
	}
}

// The models run once for a prefix that many pairs have, and what is remembered
// sums up as what was measured.
func TestDearMeasuresAreShared(t *testing.T) {
	s, now := NewStore(65536), time.Unix(1e9, 0)
	visit(s, nth(s, 0), "www", now)
	var want, got feature.Summary
	s.Peek(nth(s, 0), &want)
	for i := range 100 {
		q := query(s, "www", now, false)
		q.Pair = nth(s, i)
		if state := s.Observe(&q, nil, nil).State; state != Quiet {
			t.Fatalf("pair %d: state %d, want Quiet", i, state)
		}
		if s.Peek(q.Pair, &got); got != want {
			t.Fatalf("pair %d: %+v, want %+v", i, got, want)
		}
	}
}

func TestInheritCopiesWindowsAndFlags(t *testing.T) {
	old, now := NewStore(10_000), time.Unix(1e9, 0)
	for i := range 100 {
		for j := range 30 { // more than a pane
			visit(old, nth(old, i), fmt.Sprint("p", j), now)
		}
	}
	old.Flag(nth(old, 100), TickOf(now))
	next := NewStore(64)
	next.Inherit(old, true)

	if windows, flags, _ := next.Count(); windows != 64 || flags != 1 {
		t.Fatalf("%d windows and %d flags, want 64 and 1", windows, flags)
	}
	for i := range 100 {
		var was, is feature.Summary
		old.Peek(nth(old, i), &was)
		// The last 64 pairs were used last, although all at the same time.
		if held := next.Peek(nth(old, i), &is); held && is != was {
			t.Errorf("pair %d: %+v, want %+v", i, is, was)
		}
	}
	if got := visit(next, nth(old, 100), "a", now); got != Flagged {
		t.Errorf("the flagged pair is in state %d", got)
	}
}

func TestInheritKeepsThePairsUsedLast(t *testing.T) {
	old, now := NewStore(65536), time.Unix(1e9, 0)
	for i := range 200 {
		visit(old, nth(old, i), "a", now.Add(time.Duration(i)*time.Second))
		old.Flag(nth(old, 1000+i), TickOf(now.Add(time.Duration(i)*time.Second)))
	}
	next := NewStore(50)
	next.Inherit(old, true)
	for i := range 200 {
		if got, want := next.Peek(nth(old, i), new(feature.Summary)), i >= 150; got != want {
			t.Errorf("window %d of 200: held %v, want %v", i, got, want)
		}
	}
	for i := range 200 {
		if got, want := visit(next, nth(old, 1000+i), "a", now) == Flagged, i >= 150; got != want {
			t.Errorf("flag %d of 200: held %v, want %v", i, got, want)
		}
	}
}

// The predecessor may go on serving, for good when the successor fails.
func TestInheritLeavesTheOtherStoreAlone(t *testing.T) {
	old, now := NewStore(1000), time.Unix(1e9, 0)
	p := nth(old, 1)
	visit(old, p, "a", now)
	next := NewStore(1000)
	next.Inherit(old, true)
	for i := range MaxEvents {
		visit(next, p, fmt.Sprint("b", i), now)
		next.Learn(p, next.Hash([]byte("a")), &Answer{Records: 1})
	}
	next.Flag(p, TickOf(now))
	var sum feature.Summary
	if !old.Peek(p, &sum) || sum.Events != 1 || sum.Answered != 0 {
		t.Errorf("the window copied from has %d events, %d answered; want 1, 0", sum.Events, sum.Answered)
	}
}

func TestInheritWhileBothAreInUse(t *testing.T) {
	const pairs = 2000
	old, next, now := NewStore(65536), NewStore(65536), time.Unix(1e9, 0)
	for i := range pairs {
		visit(old, nth(old, i), "a", now)
	}
	var busy sync.WaitGroup
	for _, s := range []*Store{old, next} {
		busy.Go(func() {
			for i := range pairs {
				visit(s, nth(s, i), "b", now)
				s.Flag(nth(s, pairs+i), TickOf(now))
			}
		})
	}
	next.Inherit(old, true)
	busy.Wait()
	next.Inherit(old, false)
	if windows, flags, _ := next.Count(); windows != pairs || flags != pairs {
		t.Errorf("%d windows and %d flags, want %d each", windows, flags, pairs)
	}
}

func TestInheritTakesOverLaterFlagsOnly(t *testing.T) {
	old, next, now := NewStore(1000), NewStore(1000), time.Unix(1e9, 0)
	later := now.Add(time.Minute)
	windowOnly, flaggedSince, ownLater := nth(old, 1), nth(old, 2), nth(old, 3)
	visit(old, windowOnly, "a", now)
	visit(next, flaggedSince, "a", now)
	old.Flag(flaggedSince, TickOf(later))
	old.Flag(ownLater, TickOf(now))
	next.Flag(ownLater, TickOf(later))
	next.Inherit(old, false)

	if next.Peek(windowOnly, new(feature.Summary)) {
		t.Error("a window was taken over, though not wanted")
	}
	if next.Peek(flaggedSince, new(feature.Summary)) {
		t.Error("a pair has both a flag and a window: its block would not end in a fresh one")
	}
	if got := visit(next, flaggedSince, "a", later); got != Flagged {
		t.Errorf("the pair flagged since is in state %d", got)
	}
	if got := visit(next, ownLater, "a", now.Add(60*time.Minute+30*time.Second)); got != Flagged {
		t.Error("an older flag took the place of a newer one")
	}
}
