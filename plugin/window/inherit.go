package window

import "slices"

// used is a pair and when it was last used.
type used struct {
	pair Pair
	last Tick
}

// Inherit takes over copies of windows that another store of the same key holds
// and this one does not. Of more than there is room for, those used last are kept.
// The other store stays as it is; both may be in use meanwhile, and no query waits
// for more than a list of one shard's pairs or the copy of one window. Two stores
// must not inherit from each other at the same time.
func (s *Store) Inherit(from *Store) {
	for _, u := range from.held() {
		s.of(u.pair).inherit(u.pair, from.of(u.pair))
	}
}

// held are the pairs that have a window, the ones unused for longest first.
func (s *Store) held() (pairs []used) {
	for _, sh := range s.shards {
		pairs = sh.held(pairs)
	}
	slices.SortStableFunc(pairs, func(a, b used) int { return int(int32(a.last - b.last)) })
	return pairs
}

// held appends the shard's pairs.
func (s *shard) held(pairs []used) []used {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.windows.Keys() {
		w, _ := s.windows.Peek(p)
		pairs = append(pairs, used{p, w.now})
	}
	return pairs
}

// inherit copies a window out of a shard of another store.
func (s *shard) inherit(p Pair, from *shard) {
	from.mu.Lock()
	defer from.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if w, ok := from.windows.Peek(p); ok && !s.windows.Contains(p) {
		s.windows.Add(p, w.clone(&s.pool))
	}
}

// clone is a copy that shares nothing.
func (w *Window) clone(s *pool) *Window {
	c := s.get()
	*c = *w
	for i, p := range w.panes[:w.open] {
		if p == &w.own {
			c.panes[i] = &c.own
			continue
		}
		c.panes[i] = s.panes.take()
		*c.panes[i] = *p
	}
	return c
}
