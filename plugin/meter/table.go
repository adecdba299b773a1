package meter

import "sync"

// account is what is kept of a pair, or of a client. It holds no pointers. What each
// query and reply needs comes first.
type account struct {
	key       uint64
	identity  uint64 // among what was paid for: nothing is found of one that had the key before
	part      uint32 // number of the running part of the sums
	unchanged uint32 // replies in a row that were as the last ones to their names
	known     bool   // standing has been asked for
	factor    uint8  // by which the limits are multiplied, if it has
	up, down  sum    // since it is held
	before    amount // what is remembered of it from before that
	newest    uint32 // records that were new
	memory    memory[uint32, uint16]
	records   recent[uint16] // that came in
	begun     uint32         // and beginnings of records
	subtree   subtree        // of a domain that is not unknown
}

// amount is of both directions.
type amount struct{ up, down Bits }

// spent is what counts for the limits.
func (a *account) spent() amount {
	return amount{up: plus(a.up.total, a.before.up), down: plus(a.down.total, a.before.down)}
}

// shard holds accounts in chunks that never move, an index of open addressing over
// them, and a hand that goes round in search of one that nobody touched (CLOCK: an
// eviction costs O(1) on average). Whatever can be told without a look at an account
// is told by the index and the bits of touched, since accounts are seldom in the
// processor's cache.
type shard struct {
	mu       sync.Mutex
	chunks   [][]account
	used     int      // accounts, in the chunks from the first on
	capacity int      // at most
	index    []entry  // a power of two, twice the capacity
	touched  []uint64 // a bit an account: since the hand came by last
	hand     int
	evicted  uint64
	past     past
	made     uint64 // accounts so far
}

const chunk = 64

// entry is the number of an account plus one, and above it as much of the account's
// key as there is room for, without the bits that chose the shard. 0 is none.
type entry uint64

const (
	numberBits = 20
	mostHeld   = 1<<numberBits - 1
	shardBits  = 5 // of mostShards
)

func entryOf(key uint64, number int) entry { return tagOf(key) | entry(number+1) }

func tagOf(key uint64) entry { return entry(key >> shardBits << numberBits) }

func (e entry) number() int { return int(e&mostHeld) - 1 }

func (e entry) is(tag entry) bool { return e&^mostHeld == tag }

// home is where an entry stands if nothing stood there before.
func (e entry) home() int { return int(e >> numberBits) }

func (s *shard) init(capacity int) {
	capacity = min(capacity, mostHeld)
	size := 1
	for size < 2*capacity {
		size *= 2
	}
	s.capacity, s.index = capacity, make([]entry, size)
	s.past = newPast(capacity)
	s.touched = make([]uint64, (capacity+63)/64)
}

func (s *shard) at(i int) *account { return &s.chunks[i/chunk][i%chunk] }

// slot is where the key stands in the index, or the empty slot where it would.
func (s *shard) slot(key uint64) int {
	mask, tag := len(s.index)-1, tagOf(key)
	for slot := tag.home() & mask; ; slot = (slot + 1) & mask {
		e := s.index[slot]
		if e == 0 || e.is(tag) && s.at(e.number()).key == key {
			return slot
		}
	}
}

// find returns the account of the key, nil if there is none.
func (s *shard) find(key uint64) *account {
	e := s.index[s.slot(key)]
	if e == 0 {
		return nil
	}
	number := e.number()
	s.touched[number/64] |= 1 << (number % 64)
	return s.at(number)
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
	s.touched[number/64] |= 1 << (number % 64)
	s.index[s.slot(key)] = entryOf(key, number)
	a := s.at(number)
	s.made++
	*a = account{key: key, identity: mix(key, s.made)}
	return a
}

// victim moves the hand on to an account that was not touched since it came by.
func (s *shard) victim() int {
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

// remove empties a slot and moves up those that would not be found any more.
func (s *shard) remove(slot int) {
	mask := len(s.index) - 1
	for next := (slot + 1) & mask; s.index[next] != 0; next = (next + 1) & mask {
		if home := s.index[next].home() & mask; (next-home)&mask >= (next-slot)&mask {
			s.index[slot] = s.index[next]
			slot = next
		}
	}
	s.index[slot] = 0
}
