package detect

import (
	"hash/maphash"
	"sync/atomic"

	"github.com/notunnel/notunnel/plugin/slab"
	"github.com/notunnel/notunnel/plugin/split"
	"github.com/notunnel/notunnel/plugin/standing"
	"github.com/notunnel/notunnel/plugin/subject"
)

// known is what there is to know of a name, whoever asks for it.
type known struct {
	hash     uint64 // keyed hash of the prefix
	zone     uint64 // of the SLD
	standing standing.Standing
	about    Why   // what the name itself and the lists make of it
	scope    uint8 // of a denied name: where the scope begins
}

// names remembers what is known of the names asked for lately, by all clients together:
// to find that out takes more than all else that a query for a known name needs. Names
// that share a place displace each other. Safe for concurrent use, without a lock.
//
// A name is known by a hash under a seed that nobody is told: one name is taken for
// another once in 2^63 times.
type names struct {
	seed  maphash.Seed
	sets  []nameSet     // a power of two
	epoch atomic.Uint32 // of the lists; what was found under others is of no use
}

// nameSet is a line of the processor's cache. The entry used last comes first.
type nameSet [2]nameEntry

// nameEntry is the hash of the name, xor all other words: a reader that gets words of two
// entries does not recognize it. Then come hash and zone, and the rest.
type nameEntry [4]atomic.Uint64

// pairsPerName is how many pairs there are to a name that is remembered.
const pairsPerName = 2

func newNames(m *slab.Memory, capacity int) names {
	n := 1
	for n < capacity/len(nameSet{}) {
		n *= 2
	}
	return names{seed: maphash.MakeSeed(), sets: slab.Make[nameSet](m, n)}
}

// forget is called when what is known can have changed.
func (n *names) forget() { n.epoch.Add(1) }

// words are the entry's, and its hash.
func (e *nameEntry) words() (hash uint64, words [3]uint64) {
	words = [3]uint64{e[1].Load(), e[2].Load(), e[3].Load()}
	return e[0].Load() ^ words[0] ^ words[1] ^ words[2], words
}

func (e *nameEntry) set(hash uint64, words [3]uint64) {
	e[0].Store(hash ^ words[0] ^ words[1] ^ words[2])
	for i, w := range words {
		e[1+i].Store(w)
	}
}

// The rest of an entry, from the lowest bit: parts of the name, scope, about, standing and
// epoch.
const (
	scopeShift    = 16
	aboutShift    = 24
	standingShift = 28
	epochShift    = 32
)

// find takes the name apart, and says what is known of it, if it is remembered.
func (n *names) find(name *split.Name, hash uint64, epoch uint32, k *known) bool {
	set := &n.sets[hash%uint64(len(n.sets))]
	for i := range set {
		is, words := set[i].words()
		if rest := words[2]; is == hash && uint32(rest>>epochShift) == epoch {
			if i > 0 {
				set[i].set(set[0].words())
				set[0].set(hash, words)
			}
			name.SplitAt(split.PartsOf(uint16(rest)))
			*k = known{
				hash: words[0], zone: words[1], scope: uint8(rest >> scopeShift),
				about: Why(rest >> aboutShift & 0xf), standing: standing.Standing(rest >> standingShift & 0xf),
			}
			return true
		}
	}
	return false
}

// put remembers a name.
func (n *names) put(name *split.Name, hash uint64, epoch uint32, k *known) {
	set := &n.sets[hash%uint64(len(n.sets))]
	set[1].set(set[0].words())
	set[0].set(hash, [3]uint64{k.hash, k.zone, uint64(name.Parts().Pack()) | uint64(k.scope)<<scopeShift |
		uint64(k.about)<<aboutShift | uint64(k.standing)<<standingShift | uint64(epoch)<<epochShift})
}

// read takes the name of a query apart and says what is known of it.
func (e *Engine) read(name string, s *subject.Subject, k *known) {
	if !s.Read(name) {
		*k = known{about: Malformed}
		return
	}
	epoch := e.names.epoch.Load() // before the lists
	hash := maphash.Bytes(e.names.seed, s.Full())
	if !e.names.find(&s.Name, hash, epoch, k) {
		e.learnName(s, k)
		if k.about != Malformed { // of which nothing is left
			e.names.put(&s.Name, hash, epoch, k)
		}
	}
}

// learnName is read for a name that is not remembered.
func (e *Engine) learnName(s *subject.Subject, k *known) {
	*k = known{about: ofClass[s.Split()]}
	k.hash, k.zone, k.standing = e.config.Key.Sum(s.Prefix()), e.config.Key.Sum(s.SLD()), e.Standing(s.SLD())
	switch allowed, scope := e.listed(s.Full()); {
	case allowed:
		k.about = Allowed
	case len(scope) > 0:
		k.about, k.scope = Denied, uint8(len(s.Full())-len(scope))
	}
}
