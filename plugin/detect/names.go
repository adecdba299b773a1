package detect

import (
	"hash/maphash"
	"sync/atomic"
	"unsafe"

	"github.com/notunnel/notunnel/plugin/keyhash"
	"github.com/notunnel/notunnel/plugin/slab"
	"github.com/notunnel/notunnel/plugin/split"
	"github.com/notunnel/notunnel/plugin/standing"
	"github.com/notunnel/notunnel/plugin/subject"
)

// known is what there is to know of a name that a client asks for.
type known struct {
	hash     uint64 // keyed hash of the prefix
	pair     uint64 // of the SLD and the client
	place    uint32 // of the pair, a guess, 0 if there is none
	standing standing.Standing
	about    Why   // what the name itself and the lists make of it
	scope    uint8 // of a denied name: where the scope begins
}

// names remembers what is known of the names that clients asked for lately: to find that
// out, and where their pairs are, takes longer than all else that most queries need. Names
// that share a place displace each other. Safe for concurrent use, without a lock.
//
// A name and a client are known by a hash under a seed that nobody is told: they are taken
// for others once in 2^63 times.
type names struct {
	seed  maphash.Seed
	sets  []nameSet     // a power of two
	epoch atomic.Uint64 // of the lists; what was found under others is not found again
}

// nameSet is a line of the processor's cache. The entry used last comes first.
type nameSet [2]nameEntry

// nameEntry is the hash of name and client, xor all other words: a reader that gets words
// of two entries does not recognize it. Then come the hash of the prefix, the pair and the
// rest.
type nameEntry [4]atomic.Uint64

func newNames(capacity int) names {
	n := 1
	for n < capacity/len(nameSet{}) {
		n *= 2
	}
	return names{seed: maphash.MakeSeed(), sets: make([]nameSet, n)}
}

// forget is called when what is known can have changed.
func (n *names) forget() { n.epoch.Add(1) }

// key is what a name and a client are known by, until something is forgotten.
func (n *names) key(name []byte, client uint64) uint64 {
	return keyhash.Mix(maphash.Bytes(n.seed, name)+n.epoch.Load(), client)
}

func (n *names) set(key uint64) *nameSet { return &n.sets[key%uint64(len(n.sets))] }

// ahead has the processor bring in what is remembered under a key.
func (n *names) ahead(key uint64) { slab.Prefetch(unsafe.Pointer(n.set(key)), 1) }

// words are the entry's, with its key.
func (e *nameEntry) words() (key, hash, pair, rest uint64) {
	hash, pair, rest = e[1].Load(), e[2].Load(), e[3].Load()
	return e[0].Load() ^ hash ^ pair ^ rest, hash, pair, rest
}

func (e *nameEntry) put(key, hash, pair, rest uint64) {
	e[0].Store(key ^ hash ^ pair ^ rest)
	e[1].Store(hash)
	e[2].Store(pair)
	e[3].Store(rest)
}

// The rest of an entry, from the lowest bit: parts of the name, scope, about, standing and
// place.
const (
	scopeShift    = 16
	aboutShift    = 24
	standingShift = 28
	placeShift    = 32
)

// find takes the name apart, and says what is known of it, if it is remembered.
func (n *names) find(key uint64, name *split.Name, k *known) bool {
	set := n.set(key)
	is, hash, pair, rest := set[0].words()
	if is != key {
		first, h, p, r := is, hash, pair, rest
		if is, hash, pair, rest = set[1].words(); is != key {
			return false
		}
		set[1].put(first, h, p, r)
		set[0].put(key, hash, pair, rest)
	}
	name.SplitAt(split.Parts(rest))
	k.hash, k.pair, k.place, k.scope = hash, pair, uint32(rest>>placeShift), uint8(rest>>scopeShift)
	k.about, k.standing = Why(rest>>aboutShift&0xf), standing.Standing(rest>>standingShift&0xf)
	return true
}

// remember takes a name in, or where its pair is.
func (n *names) remember(key uint64, name *split.Name, k *known) {
	set := n.set(key)
	if is, _, _, _ := set[0].words(); is != key {
		set[1].put(set[0].words())
	}
	set[0].put(key, k.hash, k.pair, uint64(name.Parts())|uint64(k.scope)<<scopeShift|
		uint64(k.about)<<aboutShift|uint64(k.standing)<<standingShift|uint64(k.place)<<placeShift)
}

// know is find for a name that is not remembered.
func (e *Engine) know(s *subject.Subject, client uint64, k *known) {
	*k = known{about: ofClass[s.Split()]}
	if k.about == Malformed {
		return
	}
	k.hash, k.standing = e.config.Key.Sum(s.Prefix()), e.Standing(s.SLD())
	k.pair = subject.Pair(e.config.Key.Sum(s.SLD()), subject.OfSLD, client)
	switch allowed, denied, scope := e.listed(s.Full()); {
	case allowed:
		k.about = Allowed
	case denied:
		k.about, k.scope = Denied, uint8(len(s.Full())-len(scope))
	}
}
