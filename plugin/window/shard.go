package window

import (
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/notunnel/notunnel/model/feature"
)

// shard is the part of the store that one lock guards.
type shard struct {
	mu      sync.Mutex
	windows *simplelru.LRU[Pair, *Window] // a pair has a window or a flag, never both
	flags   *simplelru.LRU[Pair, flag]
	pool    pool // where a window that goes is given back to
	costly  *costly
	evicted uint64
}

// flag is what is kept of a pair that was flagged: no window, just the time
// of its last query.
type flag struct{ last Tick }

func newShard(capacity int, c *costly) *shard {
	s := &shard{costly: c}
	// The size is positive, the only thing that NewLRU can object to.
	s.windows, _ = simplelru.NewLRU(capacity, func(_ Pair, w *Window) { s.pool.put(w) })
	s.flags, _ = simplelru.NewLRU[Pair, flag](capacity, nil)
	return s
}

// observe takes a query in. See Store.Observe.
func (s *shard) observe(q *Query, m *Measures, sum *feature.Summary) Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	w, ok := s.windows.Get(q.Pair)
	if !ok {
		if s.stillFlagged(q) {
			return Outcome{State: Flagged}
		}
		w = s.pool.get()
		if s.windows.Add(q.Pair, w) {
			s.evicted++
		}
	}
	now := w.slide(q.At, q.Span, &s.pool)
	newest := w.newest()
	at, in := w.find(q.Hash)
	settled := false
	if in != nil && in.fold(at, now, q.Carrier) {
		settled = in.tags[at]&flagFilled != 0
	} else {
		if in != newest {
			var cached Measures
			if m != nil {
				s.costly.remember(q.Hash, m)
			} else if s.costly.recall(q, &cached) {
				m = &cached
			} else {
				return Outcome{State: Unmeasured}
			}
			if in != nil {
				in.sum(m, -1)
			} else {
				w.fresh += uint32(m.Len)
			}
			newest.sum(m, 1)
		}
		newest.add(q.Hash, now, q.Carrier, w.change(q.Prefix))
	}
	w.queries++
	w.bytes += uint32(len(q.Prefix))
	out := Outcome{State: Quiet, Settled: settled, Queries: w.queries, Bytes: w.bytes}
	if sum != nil && w.due(q) {
		out.State = Due
		w.summarize(sum)
	}
	return out
}

// stillFlagged tells whether the pair is flagged, and lets a flag go when it
// has been quiet for long enough.
func (s *shard) stillFlagged(q *Query) bool {
	if s.flags.Len() == 0 {
		return false
	}
	f, ok := s.flags.Get(q.Pair)
	if !ok {
		return false
	}
	quiet := int32(q.At - f.last)
	if quiet > 0 && Tick(quiet) > q.BlockFor {
		s.flags.Remove(q.Pair)
		return false
	}
	if quiet > 0 || setBack(f.last, q.At) {
		s.flags.Add(q.Pair, flag{last: q.At})
	}
	return true
}

// A young window is scored at every new prefix. Once it is settled, only after
// an eighth of its bytes are new, or while its last score is suspicious.
const (
	dueEvents  = 3
	dueShare   = 8
	suspicious = 0.5 // of the threshold
)

// due tells whether the window has enough evidence, and enough of it new, for
// a score that could change the verdict.
func (w *Window) due(q *Query) bool {
	if w.fresh == 0 || w.count() < dueEvents {
		return false
	}
	bytes := w.size()
	if bytes < uint32(q.Floor) {
		return false
	}
	return w.fresh*dueShare >= bytes || w.score >= suspicious*q.Threshold
}

func (s *shard) scored(p Pair, score float32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w, ok := s.windows.Peek(p); ok {
		w.score, w.fresh = score, 0
	}
}

func (s *shard) flag(p Pair, now Tick) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.setFlag(p, now)
}

// setFlag flags the pair and forgets its window. It returns false if the pair
// was flagged already.
func (s *shard) setFlag(p Pair, now Tick) bool {
	s.windows.Remove(p)
	already := s.flags.Contains(p)
	s.flags.Add(p, flag{last: now})
	return !already
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

func (s *shard) count() (windows, flags int, evicted uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.windows.Len(), s.flags.Len(), s.evicted
}
