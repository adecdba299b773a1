package window

import "unsafe"

// pool hands out windows and panes and takes them back for the next pair. They
// are allocated by the chunk, as large as the allocator's own size. Not safe for
// concurrent use.
type pool struct {
	windows supply[Window]
	panes   supply[pane]
}

func (p *pool) get() *Window {
	w := p.windows.take()
	*w = Window{}
	return w
}

func (p *pool) put(w *Window) {
	for w.open > 0 {
		w.drop(p)
	}
	p.windows.give(w)
}

// supply is of one type. What is taken may hold anything.
type supply[T any] struct {
	idle  []*T
	chunk []T // not handed out yet
}

const chunkBytes = 24 << 10

func (s *supply[T]) take() (t *T) {
	if n := len(s.idle); n > 0 {
		t, s.idle = s.idle[n-1], s.idle[:n-1]
		return t
	}
	if len(s.chunk) == 0 {
		var one T
		s.chunk = make([]T, chunkBytes/unsafe.Sizeof(one))
	}
	t, s.chunk = &s.chunk[0], s.chunk[1:]
	return t
}

func (s *supply[T]) give(t *T) { s.idle = append(s.idle, t) }
