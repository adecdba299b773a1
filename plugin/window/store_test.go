package window

import (
	"fmt"
	"testing"
	"time"

	"github.com/notunnel/notunnel/model/feature"
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
func visit(s *Store, p Pair, prefix string, at time.Time) State {
	q := query(prefix, at)
	q.Pair = p
	return s.Observe(&q, nil).State
}

// The models run once for a prefix that many pairs have, and what is remembered
// sums up as what was measured.
func TestExpensiveMeasuresAreShared(t *testing.T) {
	s, now := newStore(), time.Unix(1e9, 0)
	visit(s, nth(0), "www", now)
	var want, got feature.Summary
	s.Peek(nth(0), &want)
	for i := range 100 {
		q := query("www", now)
		q.Pair = nth(i)
		if state := s.Observe(&q, nil).State; state != Quiet {
			t.Fatalf("pair %d: state %d, want Quiet", i, state)
		}
		if s.Peek(q.Pair, &got); got != want {
			t.Fatalf("pair %d: %+v, want %+v", i, got, want)
		}
	}
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
