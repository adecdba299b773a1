package window

import (
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/notunnel/notunnel/model/feature"
)

// shard is the part of the store that one lock guards.
type shard struct {
	mu      sync.Mutex
	windows *simplelru.LRU[Pair, *Window]
	pool    pool // where a window that goes is given back to
	shared  *shared
	evicted uint64
}

// shared is what all shards have in common. It is safe for concurrent use.
type shared struct {
	Config
	costly costly
}

func newShard(capacity int, common *shared) *shard {
	s := &shard{shared: common}
	// The size is positive, the only thing that NewLRU can object to.
	s.windows, _ = simplelru.NewLRU(capacity, func(_ Pair, w *Window) { s.pool.put(w) })
	return s
}

// observe takes a query in. See Store.Observe.
func (s *shard) observe(q *Query, m *Measures, sum *feature.Summary) Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	w, ok := s.windows.Get(q.Pair)
	if !ok {
		w = s.pool.get()
		if s.windows.Add(q.Pair, w) {
			s.evicted++
		}
	}
	now := w.slide(q.At, s.shared.Span, &s.pool)
	if at, in := w.find(q.Hash); in == nil || !in.young(at, now) {
		if q.Fresh && !s.news(w, q, m) {
			return Outcome{State: Unmeasured}
		}
		w.newest().add(q.Hash, now)
	}
	w.passed(q.Prefix)
	out := Outcome{State: Quiet, Queries: w.queries, Bytes: w.bytes}
	if sum != nil && w.due(&s.shared.Due) {
		out.State, out.arrived = Worth, w.arrived
		w.summarize(sum)
	}
	return out
}

// news sums up what is new in a fresh prefix, if anything is. It returns false if that
// has to be measured first.
func (s *shard) news(w *Window, q *Query, m *Measures) bool {
	var known Measures
	if m == nil {
		q.Novel = Novel(q.Room[:0], q.Prefix, w.last[:w.ends], &q.Known)
	}
	if len(q.Novel) > 0 {
		hash := s.shared.Key.Sum(q.Novel)
		if m != nil {
			s.shared.costly.remember(hash, m)
			known = *m
		} else if !s.shared.costly.recall(q.Novel, hash, &known) {
			return false
		}
		known.Bits = min(known.Bits, q.Bits)
		w.newest().sum(feature.ShapeOf(q.Prefix), &known)
		w.arrived += uint32(known.Bits+7) / 8
	}
	w.remember(q.Prefix)
	return true
}

func (s *shard) scored(p Pair, score float32, arrived uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w, ok := s.windows.Peek(p); ok {
		w.scored(score, arrived)
	}
}

func (s *shard) passed(p Pair) (queries, bytes uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w, ok := s.windows.Peek(p); ok {
		return w.queries, w.bytes
	}
	return 0, 0
}

func (s *shard) forget(p Pair) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.windows.Remove(p)
}

func (s *shard) learn(p Pair, hash uint64, a *Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w, ok := s.windows.Peek(p)
	if !ok {
		return
	}
	// A reply to a forgotten event is ignored.
	if at, in := w.find(hash); in != nil {
		in.learn(at, a)
		w.arrived += uint32(a.News)
	}
}

func (s *shard) peek(p Pair, sum *feature.Summary) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	w, ok := s.windows.Peek(p)
	if ok {
		w.summarize(sum)
	}
	return ok
}

func (s *shard) count() (windows int, evicted uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.windows.Len(), s.evicted
}
