package joint

import (
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/plugin/keyhash"
	"github.com/notunnel/notunnel/plugin/window"
)

// Config is what a store works by.
type Config struct {
	Capacity int                   // clients held
	Key      keyhash.Key           // of clients, pairs, prefixes and labels
	Span     window.Tick           // how far back a window reaches
	Bits     func(text []byte) int // that it takes to describe a text
	Least    int                   // bits that are new in a name that is worth an event
}

// Query is a query whose name is new to its pair.
type Query struct {
	Client uint64 // keyed hash
	Pair   uint64 // keyed hash of SLD and client
	SLD    []byte // canonical
	Prefix []byte // canonical
	Hash   uint64 // keyed hash of the prefix
	At     window.Tick
	Room   [window.MaxPrefix]byte // scratch space
}

// Clients are spread over the shards by chance; small stores have fewer, so that
// none is full long before the others are.
const (
	mostShards = 16
	leastShare = 256
)

// Store holds the windows of at most the configured number of clients. When one
// more comes, the one unused for longest goes; that costs O(1). Safe for concurrent
// use.
type Store struct {
	config Config
	shards []shard // a power of two
}

// shard is the part of the store that one lock guards.
type shard struct {
	mu       sync.Mutex
	capacity int
	clients  *simplelru.LRU[uint64, *client]
}

// NewStore makes a store. Its capacity is rounded up to a multiple of the number of
// shards.
func NewStore(c Config) *Store {
	n := mostShards
	for n > 1 && c.Capacity/n < leastShare {
		n /= 2
	}
	s := &Store{config: c, shards: make([]shard, n)}
	for i := range s.shards {
		sh := &s.shards[i]
		sh.capacity = (c.Capacity + n - 1) / n
		// The size is positive, the only thing that NewLRU can object to.
		sh.clients, _ = simplelru.NewLRU[uint64, *client](sh.capacity, nil)
	}
	return s
}

func (s *Store) of(client uint64) *shard { return &s.shards[client&uint64(len(s.shards)-1)] }

// Observe takes a query in and tells the sums of its client's window. It returns false,
// and takes nothing in, if the name says too little that is new to the client.
func (s *Store) Observe(q *Query, sum *feature.Joint) bool {
	sh := s.of(q.Client)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	c := sh.client(q.Client)
	if !c.observe(q, &s.config) {
		return false
	}
	*sum = c.sum
	return true
}

// Summarize sums up the window of a client by its SLDs, which few queries are worth. It
// returns false if the client has none.
func (s *Store) Summarize(client uint64, sum *Summary) bool {
	sh := s.of(client)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	c, ok := sh.clients.Peek(client)
	if ok {
		c.summarize(sum)
	}
	return ok
}

// client is that of the key, an empty one if there is none: then the one unused for
// longest goes if there is no room, and leaves its memory to it.
func (s *shard) client(key uint64) (c *client) {
	if c, ok := s.clients.Get(key); ok {
		return c
	}
	if s.clients.Len() < s.capacity {
		c = new(client)
	} else {
		_, c, _ = s.clients.RemoveOldest()
		*c = client{}
	}
	s.clients.Add(key, c)
	return c
}

// Learn adds what a reply to the client's newest event of that prefix below the pair's
// SLD brought in, if that is still held.
func (s *Store) Learn(client, pair, prefix uint64, news int) {
	sh := s.of(client)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if c, ok := sh.clients.Peek(client); ok {
		c.learn(pair, prefix, news)
	}
}

// Cut marks the SLD of a pair as blocked for a client. What was asked for below it stays
// in the window, as evidence against others, until it passes again: then the block is
// over, and the window begins anew.
func (s *Store) Cut(client, pair uint64) {
	sh := s.of(client)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if c, ok := sh.clients.Peek(client); ok {
		if place, ok := c.find(pair); ok {
			c.slds[place].cut = true
		}
	}
}

// Inherit takes over copies of windows that another store of the same key holds and
// this one does not. The other store stays as it is; both may be in use meanwhile. Two
// stores must not inherit from each other at the same time.
func (s *Store) Inherit(from *Store) {
	for i := range from.shards {
		for _, key := range from.shards[i].held() {
			s.of(key).inherit(key, &from.shards[i])
		}
	}
}

// held are the keys of the clients, the ones unused for longest first.
func (s *shard) held() []uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clients.Keys()
}

// inherit copies a window out of a shard of another store.
func (s *shard) inherit(key uint64, from *shard) {
	from.mu.Lock()
	defer from.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok := from.clients.Peek(key); ok && !s.clients.Contains(key) {
		*s.client(key) = *c
	}
}

// Count returns how many clients have a window.
func (s *Store) Count() (clients int) {
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		clients += sh.clients.Len()
		sh.mu.Unlock()
	}
	return clients
}

// Summary is a window summed up, with the SLDs that it rests on.
type Summary struct {
	feature.Joint
	Parts [MaxSLDs]Part // SLDs of them
}

// Part is what was asked for below one SLD.
type Part struct {
	Pair   uint64
	Cut    bool // it is blocked already
	Events int
	Labels int
	Shared int // labels that came under another SLD before
	Alike  int // pairs of an event here and one below another SLD that are laid out alike

	size uint8
	name [maxName]byte
}

// SLD is its text, nil if that is too long to be kept.
func (p *Part) SLD() []byte {
	if p.size == 0 {
		return nil
	}
	return p.name[:p.size]
}
