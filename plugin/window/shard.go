package window

import (
	"sync"

	"github.com/notunnel/notunnel/model/feature"
)

// shard is the part of the store that one lock guards.
type shard struct {
	mu      sync.Mutex
	windows *lru[Window]
	flags   *lru[flag]
	panes   panes
	costly  [costlyEntries]costly
	evicted uint64
}

// flag is what is kept of a pair that was flagged: no window, just the time
// of its last query.
type flag struct{ last Tick }

// costly remembers the two dear measures of a prefix, so that names which come
// again and again do not run the models each time they enter a new pane. The
// table is direct-mapped: a prefix that shares a place with another one is
// measured again, nothing worse.
type costly struct {
	hash     uint64
	loss     float32
	segments uint8
}

const costlyEntries = 1024

func newShard(capacity int) *shard {
	return &shard{windows: newLRU[Window](capacity), flags: newLRU[flag](capacity)}
}

// observe takes a query in. See Store.Observe.
func (s *shard) observe(q *Query, m *Measures, sum *feature.Summary) Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stillFlagged(q) {
		return Outcome{State: Flagged}
	}
	w := s.windows.get(q.Pair)
	if w == nil {
		if s.windows.full() {
			s.evict()
		}
		w = s.windows.add(q.Pair)
	}
	now := w.slide(q.At, q.Span, &s.panes)
	newest := w.newest()
	at, in := w.find(q.Hash)
	settled := false
	if in != nil && in.fold(at, now, q.Carrier) {
		settled = in.tags[at]&flagFilled != 0
	} else {
		if in != newest {
			var cached Measures
			if m != nil {
				s.remember(q.Hash, m)
			} else if s.recall(q, &cached) {
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
		newest.add(q.Hash, now, q.Carrier)
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

// evict makes room for a window.
func (s *shard) evict() {
	w := s.windows.removeOldest()
	w.clear(&s.panes)
	s.evicted++
}

// stillFlagged tells whether the pair is flagged, and lets a flag go when it
// has been quiet for long enough.
func (s *shard) stillFlagged(q *Query) bool {
	if s.flags.size == 0 {
		return false
	}
	f := s.flags.get(q.Pair)
	if f == nil {
		return false
	}
	if quiet := int32(q.At - f.last); quiet > 0 {
		if Tick(quiet) > q.BlockFor {
			s.flags.remove(q.Pair)
			return false
		}
		f.last = q.At
	}
	return true
}

// recall measures a prefix whose costly measures are at hand.
func (s *shard) recall(q *Query, m *Measures) bool {
	c := &s.costly[q.Hash%costlyEntries]
	if c.hash != q.Hash {
		return false
	}
	m.Prefix, m.Loss, m.Segments = feature.Measure(q.Prefix), c.loss, int(c.segments)
	return true
}

func (s *shard) remember(hash uint64, m *Measures) {
	s.costly[hash%costlyEntries] = costly{hash: hash, loss: m.Loss, segments: uint8(m.Segments)}
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
	if w := s.windows.peek(p); w != nil {
		w.score, w.fresh = score, 0
	}
}

func (s *shard) flag(p Pair, now Tick) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.windows.remove(p)
	w.clear(&s.panes)
	f := s.flags.get(p)
	already := f != nil
	if !already {
		if s.flags.full() {
			s.flags.removeOldest()
		}
		f = s.flags.add(p)
	}
	f.last = now
	return !already
}

func (s *shard) learn(p Pair, hash uint64, a *Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.windows.peek(p)
	if w == nil {
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
	w := s.windows.peek(p)
	if w != nil {
		w.summarize(sum)
	}
	return w != nil
}

func (s *shard) resize(capacity int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.windows.capacity, s.flags.capacity = capacity, capacity
	for s.windows.size > capacity {
		s.evict()
	}
	for s.flags.size > capacity {
		s.flags.removeOldest()
	}
}

func (s *shard) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.windows = newLRU[Window](s.windows.capacity)
	s.panes = panes{}
	s.costly = [costlyEntries]costly{}
}

func (s *shard) count() (windows, flags int, evicted uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.windows.size, s.flags.size, s.evicted
}
