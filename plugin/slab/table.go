package slab

import (
	"sync"
	"sync/atomic"
	"unsafe"
)

// Tables have up to mostShards shards, by chance of the key. A shard for fewer than
// leastShare values would be full long before the others are, so small tables have fewer.
const (
	mostShards = 1 << shardBits
	leastShare = 256
)

// Table holds at most the configured number of values of a type without pointers. Safe
// for concurrent use as far as each shard is locked.
type Table[T any] struct {
	shards []Shard[T]
}

// New makes a table. Its capacity is rounded up to a multiple of the number of shards.
func New[T any](capacity int) *Table[T] {
	n := mostShards
	for n > 1 && capacity/n < leastShare {
		n /= 2
	}
	t := &Table[T]{shards: make([]Shard[T], n)}
	for i := range t.shards {
		t.shards[i].init((capacity + n - 1) / n)
	}
	return t
}

// Number is which shard a key belongs to.
func (t *Table[T]) Number(key uint64) int { return int(key & uint64(len(t.shards)-1)) }

// Shard is the one of that number. It is to be locked before it is used.
func (t *Table[T]) Shard(number int) *Shard[T] { return &t.shards[number] }

// Len is the number of shards, a power of two.
func (t *Table[T]) Len() int { return len(t.shards) }

// Shard is the part of a table that one lock guards. Values are valid until the lock is let
// go.
type Shard[T any] struct {
	sync.Mutex
	slots    []slot[T]               // twice as many whenever they are full, up to the capacity
	first    atomic.Pointer[slot[T]] // of the slots, for who has no lock and looks at nothing
	index    []entry                 // a power of two, at least twice the capacity
	touched  []uint64                // a bit a value: since the hand came by last
	used     int                     // values, in the slots from the first on
	capacity int
	hand     int
	last     int       // found or made
	_        [8]uint64 // another shard's lock lies on another line
}

// slot is a value with its key.
type slot[T any] struct {
	key   uint64
	value T
}

const leastSlots = 64

func (s *Shard[T]) init(capacity int) {
	s.capacity = min(capacity, mostHeld)
	size := 1
	for size < 2*s.capacity {
		size *= 2
	}
	s.index = make([]entry, size)
	s.touched = make([]uint64, (s.capacity+63)/64)
}

// grow makes room for more values. They move then, which takes a tenth of a millisecond for a
// shard of 512 KiB and happens a few times in a table's life.
func (s *Shard[T]) grow() {
	more := make([]slot[T], min(max(2*len(s.slots), leastSlots), s.capacity))
	copy(more, s.slots)
	s.slots = more
	s.first.Store(&more[0])
}

func (s *Shard[T]) at(number int) *slot[T] { return &s.slots[number] }

// Find returns the value of a key, nil if there is none.
func (s *Shard[T]) Find(key uint64) *T {
	e := s.index[s.place(key)]
	if e == 0 {
		return nil
	}
	number := e.number()
	s.touch(number)
	return &s.at(number).value
}

// FindAt is Find for who knows the number that the key's value had. It returns nil if that
// is now another's.
func (s *Shard[T]) FindAt(key uint64, number int) *T {
	if number >= s.used {
		return nil
	}
	at := s.at(number)
	if at.key != key {
		return nil
	}
	s.touch(number)
	return &at.value
}

// Peek is Find for somebody whose look does not count as a use.
func (s *Shard[T]) Peek(key uint64) *T {
	if e := s.index[s.place(key)]; e != 0 {
		return &s.at(e.number()).value
	}
	return nil
}

// Make returns a zero value for a key that has none. If another one has to go for it,
// leaves is called with that first.
func (s *Shard[T]) Make(key uint64, leaves func(key uint64, gone *T)) *T {
	number := s.used
	if s.used < s.capacity {
		if s.used == len(s.slots) {
			s.grow()
		}
		s.used++
	} else {
		number = s.victim()
		gone := s.at(number)
		s.ahead(gone.key)
		leaves(gone.key, &gone.value)
		s.remove(s.place(gone.key))
		Prefetch(unsafe.Pointer(s.at(s.hand)), int(unsafe.Sizeof(*gone)+63)/64) // the next to go, most often
	}
	s.touch(number)
	s.index[s.place(key)] = entryOf(key, number)
	made := s.at(number)
	*made = slot[T]{key: key}
	return &made.value
}

// Len is the number of values.
func (s *Shard[T]) Len() int { return s.used }

// Each calls f with all values, in no order that means anything.
func (s *Shard[T]) Each(f func(key uint64, value *T)) {
	for number := range s.used {
		at := s.at(number)
		f(at.key, &at.value)
	}
}

func (s *Shard[T]) touch(number int) {
	s.touched[number/64] |= 1 << (number % 64)
	s.last = number
}

// Last is the number of the value that was found or made last.
func (s *Shard[T]) Last() int { return s.last }

// victim moves the hand on to a value that was not touched since it came by.
func (s *Shard[T]) victim() int {
	for {
		number := s.hand
		if s.hand++; s.hand == s.used {
			s.hand = 0
		}
		word, bit := &s.touched[number/64], uint64(1)<<(number%64)
		if *word&bit == 0 {
			return number
		}
		*word &^= bit
	}
}
