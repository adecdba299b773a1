package window

import (
	"hash/maphash"

	"github.com/notunnel/notunnel/model/feature"
)

// Pair is a keyed hash of SLD and client. The key is drawn at start, so nobody
// can aim for a collision, and a chance one (2⁻⁴⁸ for a new pair among 65,536)
// merges two windows.
type Pair uint64

// seed is the key. All stores of a process have the same, so that one can take
// over what another one holds.
var seed = maphash.MakeSeed()

// Query is a query as the store needs it.
type Query struct {
	Pair      Pair
	Prefix    []byte // lower-cased, unescaped
	Hash      uint64 // of the prefix
	Carrier   bool   // the type carries data
	At        Tick
	Span      Tick // how far back the window reaches
	BlockFor  Tick // how long a flag outlasts the last query
	Floor     int  // prefix bytes below which no score is due
	Threshold float32
}

// State says what is to be done after a query was observed.
type State uint8

const (
	Quiet      State = iota // nothing new enough for a score
	Unmeasured              // nothing was recorded: observe again with the prefix's measures
	Due                     // a score is due; the summary is filled
	Flagged                 // the pair is flagged, and the query counts as blocked
)

// Outcome is what Observe found. Queries and Bytes count what passed in the
// life of the window, this query included; they are zero unless Quiet or Due.
// Settled says that the query joined an event whose answers are known, so that
// no reply is news any more.
type Outcome struct {
	State   State
	Settled bool
	Queries uint32
	Bytes   uint32
}

// Pairs are spread over up to mostShards shards by chance. A shard for fewer
// than leastShare windows would be full long before the others are, so small
// stores have fewer.
const (
	mostShards = 32
	leastShare = 256
)

// Store holds at most the configured number of windows and as many flags.
// When one more comes, the window unused for longest goes; that costs O(1).
// Safe for concurrent use.
type Store struct {
	shards []*shard // a power of two
}

// NewStore makes a store for that many windows (rounded up to a multiple of
// the number of shards).
func NewStore(capacity int) *Store {
	n := mostShards
	for n > 1 && capacity/n < leastShare {
		n /= 2
	}
	s, shared := &Store{shards: make([]*shard, n)}, new(costly)
	for i := range s.shards {
		s.shards[i] = newShard((capacity+n-1)/n, shared)
	}
	return s
}

// Hash is the keyed hash that pairs and prefixes are known by.
func (s *Store) Hash(b []byte) uint64 { return maphash.Bytes(seed, b) }

func (s *Store) of(p Pair) *shard { return s.shards[int(p)&(len(s.shards)-1)] }

// Observe records a query in its pair's window. m are the measures of the
// prefix, nil until the outcome asks for them. When a score is due, the window
// is summed up into sum; a nil sum means that no score is wanted.
func (s *Store) Observe(q *Query, m *Measures, sum *feature.Summary) Outcome {
	return s.of(q.Pair).observe(q, m, sum)
}

// Scored records the score that was due.
func (s *Store) Scored(p Pair, score float32) { s.of(p).scored(p, score) }

// Flag flags the pair and forgets its window. It returns false if the pair was
// flagged already.
func (s *Store) Flag(p Pair, now Tick) bool { return s.of(p).flag(p, now) }

// Learn joins a reply to the newest event of that prefix, if it is still held.
func (s *Store) Learn(p Pair, prefix uint64, a *Answer) { s.of(p).learn(p, prefix, a) }

// Peek sums up a window without touching its age. It returns false if the pair
// has none.
func (s *Store) Peek(p Pair, sum *feature.Summary) bool { return s.of(p).peek(p, sum) }

// Count returns how many windows and flags are held, and how many windows
// were evicted for lack of room so far.
func (s *Store) Count() (windows, flags int, evicted uint64) {
	for _, sh := range s.shards {
		w, f, e := sh.count()
		windows, flags, evicted = windows+w, flags+f, evicted+e
	}
	return windows, flags, evicted
}
