package window

import "slices"

// held is what a store holds of a pair, and when the pair was last used.
type held[V any] struct {
	pair  Pair
	last  Tick
	value V
}

// Inherit takes over what another store holds and this one does not: its flags
// and, if they are wanted, copies of its windows. Of more than there is room
// for, the pairs used last are kept. The other store stays as it is, and both
// may be in use meanwhile; a query of a pair in the shard that is being copied
// waits for about a millisecond a thousand windows.
func (s *Store) Inherit(from *Store, windows bool) {
	var flags []held[flag]
	var copies []held[*Window]
	for _, sh := range from.shards {
		flags, copies = sh.copy(flags, copies, windows)
	}
	byAge(flags)
	for _, f := range flags {
		s.of(f.pair).inheritFlag(f.pair, f.value)
	}
	byAge(copies)
	for _, w := range copies {
		s.of(w.pair).inheritWindow(w.pair, w.value)
	}
}

// byAge puts the pair unused for longest first.
func byAge[V any](all []held[V]) {
	slices.SortStableFunc(all, func(a, b held[V]) int { return int(int32(a.last - b.last)) })
}

// copy appends the shard's flags and, if wanted, copies of its windows.
func (s *shard) copy(flags []held[flag], windows []held[*Window], wanted bool) ([]held[flag], []held[*Window]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.flags.Keys() {
		f, _ := s.flags.Peek(p)
		flags = append(flags, held[flag]{p, f.last, f})
	}
	if !wanted {
		return flags, windows
	}
	for _, p := range s.windows.Keys() {
		w, _ := s.windows.Peek(p)
		windows = append(windows, held[*Window]{p, w.last, w.clone()})
	}
	return flags, windows
}

func (s *shard) inheritFlag(p Pair, f flag) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if own, ok := s.flags.Peek(p); ok && int32(f.last-own.last) <= 0 {
		return
	}
	s.windows.Remove(p)
	s.flags.Add(p, f)
}

func (s *shard) inheritWindow(p Pair, w *Window) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.windows.Contains(p) && !s.flags.Contains(p) {
		s.windows.Add(p, w)
	}
}

// clone is a copy that shares nothing.
func (w *Window) clone() *Window {
	c := *w
	c.panes, c.events = slices.Clone(w.panes), slices.Clone(w.events)
	return &c
}
