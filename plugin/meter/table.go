package meter

import (
	"sync"
)

// account is what is kept of a pair, or of a client. It holds no pointers.
type account struct {
	key      uint64
	part     uint32 // number of the running part of the sums
	known    bool   // standing has been asked for
	factor   uint8  // by which the limits are multiplied, if it has
	touched  bool   // since the hand came by last
	up, down sum
	memory   memory[uint16]
	records  recent[uint16] // rdata that came in
	subtree  subtree        // of a domain that is not unknown
}

// shard holds accounts in chunks that never move, an index of open addressing over
// them, and a hand that goes round in search of one that nobody touched (CLOCK: an
// eviction costs O(1) on average and a look-up writes one byte).
type shard struct {
	mu       sync.Mutex
	chunks   [][]account
	used     int      // accounts, in the chunks from the first on
	capacity int      // at most
	index    []uint32 // a power of two, twice the capacity: entries
	hand     int
	evicted  uint64
	past     past
}

const chunk = 64

// An entry of the index is the number of an account plus one, and above it a part of
// the account's key, which tells most others apart without a look at them. 0 is none.
const (
	numberBits = 20
	mostHeld   = 1<<numberBits - 1
)

func tagOf(key uint64) uint32 { return uint32(key>>8) << numberBits }

func (s *shard) init(capacity int) {
	capacity = min(capacity, mostHeld)
	size := 1
	for size < 2*capacity {
		size *= 2
	}
	s.capacity, s.index, s.past = capacity, make([]uint32, size), newPast(capacity)
}

func (s *shard) at(i int) *account { return &s.chunks[i/chunk][i%chunk] }

// slot is where the key stands in the index, or the empty slot where it would. The
// low bits of keys have chosen the shard.
func (s *shard) slot(key uint64) int {
	mask, tag := len(s.index)-1, tagOf(key)
	slot := int(key>>20) & mask
	for {
		entry := s.index[slot]
		if entry == 0 || entry&^mostHeld == tag && s.at(numberOf(entry)).key == key {
			return slot
		}
		slot = (slot + 1) & mask
	}
}

func numberOf(entry uint32) int { return int(entry&mostHeld) - 1 }

// find returns the account of the key, nil if there is none.
func (s *shard) find(key uint64) *account {
	if entry := s.index[s.slot(key)]; entry != 0 {
		a := s.at(numberOf(entry))
		a.touched = true
		return a
	}
	return nil
}

// make returns a new account for a key that has none. If another one has to go for
// it, leaves is called with that first.
func (s *shard) make(key uint64, leaves func(*account)) *account {
	number := s.used
	if s.used < s.capacity {
		if s.used%chunk == 0 {
			s.chunks = append(s.chunks, make([]account, min(chunk, s.capacity-s.used)))
		}
		s.used++
	} else {
		number = s.victim()
		leaves(s.at(number))
		s.remove(s.slot(s.at(number).key))
		s.evicted++
	}
	a := s.at(number)
	*a = account{key: key, touched: true}
	s.index[s.slot(key)] = tagOf(key) | uint32(number+1)
	return a
}

// victim moves the hand on to an account that was not touched since it came by.
func (s *shard) victim() int {
	for {
		number := s.hand
		s.hand = (s.hand + 1) % s.used
		a := s.at(number)
		if !a.touched {
			return number
		}
		a.touched = false
	}
}

// remove empties a slot and moves up those that would not be found any more.
func (s *shard) remove(slot int) {
	mask := len(s.index) - 1
	for next := (slot + 1) & mask; s.index[next] != 0; next = (next + 1) & mask {
		home := int(s.at(numberOf(s.index[next])).key>>20) & mask
		if (next-home)&mask >= (next-slot)&mask {
			s.index[slot] = s.index[next]
			slot = next
		}
	}
	s.index[slot] = 0
}
