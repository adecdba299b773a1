package slab

import "unsafe"

// entry is the number of a value plus one, and above it as much of the value's key as
// there is room for, without the bits that chose the shard. 0 is none.
type entry uint64

const (
	numberBits = 20
	mostHeld   = 1<<numberBits - 1 // by a shard
	shardBits  = 5
)

func entryOf(key uint64, number int) entry { return tagOf(key) | entry(number+1) }

func tagOf(key uint64) entry { return entry(key >> shardBits << numberBits) }

func (e entry) number() int { return int(e&mostHeld) - 1 }

func (e entry) is(tag entry) bool { return e&^mostHeld == tag }

// home is where an entry stands if nothing stood there before.
func (e entry) home() int { return int(e >> numberBits) }

// place is where the key stands in the index, or the empty place where it would.
func (s *Shard[T]) place(key uint64) int {
	mask, tag := len(s.index)-1, tagOf(key)
	for at := tag.home() & mask; ; at = (at + 1) & mask {
		e := s.index[at]
		if e == 0 || e.is(tag) && s.at(e.number()).key == key {
			return at
		}
	}
}

// remove empties a place and moves up those that would not be found any more.
func (s *Shard[T]) remove(at int) {
	mask := len(s.index) - 1
	for next := (at + 1) & mask; ; next = (next + 1) & mask {
		e := s.index[next]
		if e == 0 {
			break
		}
		if (next-e.home())&mask >= (next-at)&mask {
			s.index[at] = e
			at = next
		}
	}
	s.index[at] = 0
}

// Ahead has the processor bring in what tells where the value of a key is. It
// needs no lock.
func (t *Table[T]) Ahead(key uint64) {
	t.shards[t.Number(key)].ahead(key)
}

func (s *Shard[T]) ahead(key uint64) {
	Prefetch(unsafe.Pointer(&s.index[tagOf(key).home()&(len(s.index)-1)]), 1)
}

// Near is Ahead for who knows the number that the key's value had: it brings in the value,
// as many lines of it, from the first on.
func (t *Table[T]) Near(key uint64, number, lines int) {
	if first := t.shards[t.Number(key)].first.Load(); first != nil {
		Prefetch(unsafe.Add(unsafe.Pointer(first), uintptr(number)*unsafe.Sizeof(*first)), lines)
	}
}
