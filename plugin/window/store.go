package window

import (
	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/plugin/keyhash"
)

// Pair is a keyed hash of SLD and client. Nobody who lacks the key can aim for a
// collision, and a chance one (2⁻⁴⁸ for a new pair among 65,536) merges two
// windows.
type Pair uint64

// Config is what a store works by.
type Config struct {
	Capacity int         // windows held
	Key      keyhash.Key // of pairs, prefixes and labels
	Span     Tick        // how far back a window reaches
	Due      Due
}

// Due says when a window is worth a score: a young one whenever something is
// new, once it is settled only after a share of its information is, or while its last
// score is suspicious.
type Due struct {
	Events      int     // no score below
	Information int     // nor below these bytes
	Share       float32 // of them that must be new
	Suspicious  float32 // score from which everything new is worth another
}

// Query is a query as the store needs it.
type Query struct {
	Pair   Pair
	Prefix []byte // canonical
	Hash   uint64 // of the prefix
	Fresh  bool   // the prefix was not paid for before
	Known  Labels // of a fresh prefix: those that the pair asked for lately
	Bits   int    // of a fresh prefix: that it was charged
	At     Tick
	Novel  []byte          // what is new in the prefix, where that is to be measured
	Room   [MaxPrefix]byte // where that lies
}

// MaxPrefix is the most bytes that a prefix has.
const MaxPrefix = 255

// State says what is to be done after a query was observed.
type State uint8

const (
	Quiet      State = iota // nothing new enough for a score
	Unmeasured              // nothing was recorded: observe again with the measures of q.Novel
	Worth                   // a score is due; the summary is filled
)

// Outcome is what Observe found. Queries and Bytes count what passed since the
// window was last empty, this query included; they are zero if Unmeasured.
type Outcome struct {
	State   State
	Queries uint32
	Bytes   uint32

	arrived uint32 // what the summary rests on, for Scored
}

// Pairs are spread over up to mostShards shards by chance. A shard for fewer
// than leastShare windows would be full long before the others are, so small
// stores have fewer.
const (
	mostShards = 32
	leastShare = 256
)

// Store holds at most the configured number of windows. When one more comes, the
// one unused for longest goes; that costs O(1). Safe for concurrent use.
type Store struct {
	shards []*shard // a power of two
	shared *shared
}

// NewStore makes a store. Its capacity is rounded up to a multiple of the number
// of shards.
func NewStore(c Config) *Store {
	n := mostShards
	for n > 1 && c.Capacity/n < leastShare {
		n /= 2
	}
	s := &Store{shards: make([]*shard, n), shared: &shared{Config: c}}
	for i := range s.shards {
		s.shards[i] = newShard((c.Capacity+n-1)/n, s.shared)
	}
	return s
}

func (s *Store) of(p Pair) *shard { return s.shards[int(p)&(len(s.shards)-1)] }

// Observe records a query in its pair's window. m are the measures of q.Novel, nil
// until the outcome asks for them. When a score is due, the window
// is summed up into sum; a nil sum means that no score is wanted.
func (s *Store) Observe(q *Query, m *Measures, sum *feature.Summary) Outcome {
	return s.of(q.Pair).observe(q, m, sum)
}

// Scored records the score that was due by the outcome. What arrived since is
// still new.
func (s *Store) Scored(p Pair, o Outcome, score float32) { s.of(p).scored(p, score, o.arrived) }

// Passed returns how many queries and prefix bytes passed since the window of a pair was
// last empty.
func (s *Store) Passed(p Pair) (queries, bytes uint32) { return s.of(p).passed(p) }

// Forget lets the window of a pair go.
func (s *Store) Forget(p Pair) { s.of(p).forget(p) }

// Learn joins a reply to the newest event of that prefix, if it is still held.
func (s *Store) Learn(p Pair, prefix uint64, a *Answer) { s.of(p).learn(p, prefix, a) }

// Peek sums up a window without touching its age. It returns false if the pair
// has none.
func (s *Store) Peek(p Pair, sum *feature.Summary) bool { return s.of(p).peek(p, sum) }

// Count returns how many windows are held, and how many were evicted for lack of
// room so far.
func (s *Store) Count() (windows int, evicted uint64) {
	for _, sh := range s.shards {
		w, e := sh.count()
		windows, evicted = windows+w, evicted+e
	}
	return windows, evicted
}
