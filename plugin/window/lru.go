package window

// lru holds a value for each of at most capacity pairs; when one more comes,
// the pair unused for longest goes. Everything costs O(1). Values lie in chunks
// that are allocated as they are needed and then used again, so that an old
// table allocates nothing. It knows no locks.
type lru[V any] struct {
	capacity int
	size     int
	chunks   [][]slot[V]
	index    []entry // open addressing by pair
	newest   uint32  // a list from here by older, …
	oldest   uint32  // … and from here by newer
	free     uint32  // a list by older
}

// entry leads to a slot. It has part of the pair's hash in it, so that a search
// touches no slot but the one it is for: each one touched is a wait for memory.
type entry struct {
	hash uint32
	slot uint32 // number, 0 for none
}

// slot is a place for a pair. Slots are numbered from 1.
type slot[V any] struct {
	pair         Pair
	newer, older uint32
	value        V
}

const chunkSlots = 64

func newLRU[V any](capacity int) *lru[V] {
	return &lru[V]{capacity: capacity, index: make([]entry, 16)}
}

func (l *lru[V]) slot(i uint32) *slot[V] {
	return &l.chunks[(i-1)/chunkSlots][(i-1)%chunkSlots]
}

// hashOf spreads pairs over the index: its low bits say where the search for a
// pair begins.
func hashOf(p Pair) uint32 {
	const golden = 0x9E3779B97F4A7C15 // 2⁶⁴/φ (Knuth, The Art of Computer Programming, 6.4)
	return uint32(uint64(p) * golden >> 32)
}

// find returns the place in the index where the pair is or would be, and its
// slot, 0 if it is not there.
func (l *lru[V]) find(p Pair) (at int, number uint32) {
	hash, mask := hashOf(p), len(l.index)-1
	for at = int(hash) & mask; l.index[at].slot != 0; at = (at + 1) & mask {
		if e := l.index[at]; e.hash == hash && l.slot(e.slot).pair == p {
			return at, e.slot
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
	l.index[at] = entry{hashOf(p), i}
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
	for next := (at + 1) & mask; l.index[next].slot != 0; next = (next + 1) & mask {
		home := int(l.index[next].hash) & mask
		if (next-home)&mask >= (next-at)&mask {
			l.index[at] = l.index[next]
			at = next
		}
	}
	l.index[at] = entry{}
}

// grow doubles the index, which stays at most half full.
func (l *lru[V]) grow() {
	old := l.index
	l.index = make([]entry, 2*len(old))
	mask := len(l.index) - 1
	for _, e := range old {
		if e.slot == 0 {
			continue
		}
		at := int(e.hash) & mask
		for l.index[at].slot != 0 {
			at = (at + 1) & mask
		}
		l.index[at] = e
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
