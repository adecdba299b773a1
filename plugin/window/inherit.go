package window

import "slices"

// used is a pair and when it was last used.
type used struct {
	pair Pair
	last Tick
}

// Inherit takes over what another store holds and this one does not: its flags
// and, if they are wanted, copies of its windows. Of more than there is room
// for, the pairs used last are kept. The other store stays as it is; both may
// be in use meanwhile, and no query waits for more than a list of one shard's
// pairs or the copy of one window. Two stores must not inherit from each other at
// the same time.
func (s *Store) Inherit(from *Store, windows bool) {
	flags, held := from.held()
	for _, u := range flags {
		s.of(u.pair).inheritFlag(u)
	}
	if !windows {
		return
	}
	for _, u := range held {
		s.of(u.pair).inheritWindow(u.pair, from.of(u.pair))
	}
}

// held are the pairs that are flagged and those that have a window, the ones
// unused for longest first.
func (s *Store) held() (flags, windows []used) {
	for _, sh := range s.shards {
		flags, windows = sh.held(flags, windows)
	}
	byAge := func(a, b used) int { return int(int32(a.last - b.last)) }
	slices.SortStableFunc(flags, byAge)
	slices.SortStableFunc(windows, byAge)
	return flags, windows
}

// held appends the shard's pairs.
func (s *shard) held(flags, windows []used) ([]used, []used) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.flags.Keys() {
		f, _ := s.flags.Peek(p)
		flags = append(flags, used{p, f.last})
	}
	for _, p := range s.windows.Keys() {
		w, _ := s.windows.Peek(p)
		windows = append(windows, used{p, w.last})
	}
	return flags, windows
}

func (s *shard) inheritFlag(u used) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if own, ok := s.flags.Peek(u.pair); !ok || int32(u.last-own.last) > 0 {
		s.setFlag(u.pair, u.last)
	}
}

// inheritWindow copies a window out of a shard of another store.
func (s *shard) inheritWindow(p Pair, from *shard) {
	from.mu.Lock()
	defer from.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if w, ok := from.windows.Peek(p); ok && !s.windows.Contains(p) && !s.flags.Contains(p) {
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
