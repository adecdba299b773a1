package window

// lru holds a value for each of at most capacity pairs; when one more comes,
// the pair unused for longest goes. Everything costs O(1). Values lie in chunks
// that are allocated as they are needed and then used again, so that an old
// table allocates nothing. It knows no locks.
type lru[V any] struct {
	capacity int
	size     int
	chunks   [][]slot[V]
	index    []uint32 // open addressing by pair: the number of a slot, 0 for none
	newest   uint32   // a list from here by older, …
	oldest   uint32   // … and from here by newer
	free     uint32   // a list by older
}

// slot is a place for a pair. Slots are numbered from 1.
type slot[V any] struct {
	pair         Pair
	newer, older uint32
	value        V
}

const chunkSlots = 64

func newLRU[V any](capacity int) *lru[V] {
	return &lru[V]{capacity: capacity, index: make([]uint32, 16)}
}

func (l *lru[V]) slot(i uint32) *slot[V] {
	return &l.chunks[(i-1)/chunkSlots][(i-1)%chunkSlots]
}

// home is where the search for a pair begins.
func (l *lru[V]) home(p Pair) int {
	const golden = 0x9E3779B97F4A7C15 // 2⁶⁴/φ (Knuth, The Art of Computer Programming, 6.4)
	return int(uint64(p) * golden >> 32 & uint64(len(l.index)-1))
}

// find returns the place in the index where the pair is or would be, and its
// slot, 0 if it is not there.
func (l *lru[V]) find(p Pair) (at int, number uint32) {
	for at = l.home(p); l.index[at] != 0; at = (at + 1) & (len(l.index) - 1) {
		if i := l.index[at]; l.slot(i).pair == p {
			return at, i
		}
	}
	return at, 0
}

// peek returns the value of the pair, nil if there is none. It is valid until
// the pair goes.
func (l *lru[V]) peek(p Pair) *V {
	_, i := l.find(p)
	if i == 0 {
		return nil
	}
	return &l.slot(i).value
}

// get is peek for a pair that is being used.
func (l *lru[V]) get(p Pair) *V {
	_, i := l.find(p)
	if i == 0 {
		return nil
	}
	if i != l.newest {
		l.unlink(i)
		l.link(i)
	}
	return &l.slot(i).value
}

// full tells whether a pair has to go before one more can come.
func (l *lru[V]) full() bool { return l.size >= l.capacity }

// add takes in a pair that is not there, with a zero value. The table is not
// full.
func (l *lru[V]) add(p Pair) *V {
	if 2*(l.size+1) > len(l.index) {
		l.grow()
	}
	i := l.free
	if i != 0 {
		l.free = l.slot(i).older
	} else {
		if l.size%chunkSlots == 0 {
			l.chunks = append(l.chunks, make([]slot[V], chunkSlots))
		}
		i = uint32(l.size + 1) // no slot is free, so all are in use
	}
	at, _ := l.find(p)
	l.index[at] = i
	l.size++
	s := l.slot(i)
	*s = slot[V]{pair: p}
	l.link(i)
	return &s.value
}

// remove forgets the pair and returns its value, the zero one if it was not
// there.
func (l *lru[V]) remove(p Pair) (value V) {
	at, i := l.find(p)
	if i == 0 {
		return value
	}
	l.closeGap(at)
	l.unlink(i)
	s := l.slot(i)
	value = s.value
	*s = slot[V]{older: l.free}
	l.free = i
	l.size--
	return value
}

// removeOldest forgets the pair unused for longest. There is one.
func (l *lru[V]) removeOldest() V { return l.remove(l.slot(l.oldest).pair) }

// closeGap empties a place of the index. What a search would no longer reach
// past it moves up.
func (l *lru[V]) closeGap(at int) {
	mask := len(l.index) - 1
	for next := (at + 1) & mask; l.index[next] != 0; next = (next + 1) & mask {
		home := l.home(l.slot(l.index[next]).pair)
		if (next-home)&mask >= (next-at)&mask {
			l.index[at] = l.index[next]
			at = next
		}
	}
	l.index[at] = 0
}

// grow doubles the index, which stays at most half full.
func (l *lru[V]) grow() {
	l.index = make([]uint32, 2*len(l.index))
	for i := l.newest; i != 0; i = l.slot(i).older {
		at, _ := l.find(l.slot(i).pair)
		l.index[at] = i
	}
}

// link puts a slot before all others.
func (l *lru[V]) link(i uint32) {
	s := l.slot(i)
	s.newer, s.older = 0, l.newest
	if l.newest != 0 {
		l.slot(l.newest).newer = i
	} else {
		l.oldest = i
	}
	l.newest = i
}

func (l *lru[V]) unlink(i uint32) {
	s := l.slot(i)
	if s.newer != 0 {
		l.slot(s.newer).older = s.older
	} else {
		l.newest = s.older
	}
	if s.older != 0 {
		l.slot(s.older).newer = s.newer
	} else {
		l.oldest = s.newer
	}
}
