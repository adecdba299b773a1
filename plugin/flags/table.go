// Package flags keeps who is blocked: below which name, why, since when and
// until when. Flags are few and hold names; the windows that lead to them are many
// and hold none.
package flags

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/notunnel/notunnel/plugin/keyhash"
	"github.com/notunnel/notunnel/plugin/subject"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// Capacity is how many flags a table holds, at 1.3 KiB each at most. When one more
// comes, the one that has been quiet for longest goes, records of spent budgets first.
const Capacity = 16384

// Table holds flags. Safe for concurrent use.
//
// Nearly every query asks for a flag that is not there. That takes a load or two
// and no lock.
type Table struct {
	key    keyhash.Key
	hold   time.Duration
	shards [shards]shard
	there  presence
	count  atomic.Int64
	news   news
}

const shards = 32

// shard is the part of the table that one lock guards: all flags of a pair are in
// one shard.
type shard struct {
	mu      sync.Mutex
	flags   *simplelru.LRU[uint64, held] // by ID
	records *simplelru.LRU[uint64, held] // the same, of metered grounds, which block nothing
	_       [40]byte                     // a cache line each
}

// held is a flag and the pair that it is found by.
type held struct {
	*Flag
	pair uint64
}

// New makes a table. Pairs are hashed under the key; a flag ends when it has
// blocked nothing for the time of hold.
func New(key keyhash.Key, hold time.Duration) *Table {
	t := &Table{key: key, hold: hold}
	for i := range t.shards {
		// The size is positive, the only thing that NewLRU can object to. It is
		// never reached: the table counts over all shards.
		t.shards[i].flags, _ = simplelru.NewLRU[uint64, held](Capacity+shards, nil)
		t.shards[i].records, _ = simplelru.NewLRU[uint64, held](Capacity+shards, nil)
	}
	return t
}

// Hit is a flag in force as a query needs it.
type Hit struct {
	Ground verdict.Ground
	Scope  []byte // part of the subject's name
	Cited
}

// Hit reports whether the subject is flagged, and counts it as blocked then. pair
// is the subject's, under the table's key. It does not allocate, but for the first
// names of a flag.
func (t *Table) Hit(pair uint64, s *subject.Subject, at time.Time) (hit Hit, ok bool) {
	if t.there.maybe(pair) {
		hit, ok = t.hit(pair, s, at)
		t.news.notify()
	}
	return hit, ok
}

func (t *Table) hit(pair uint64, s *subject.Subject, at time.Time) (hit Hit, ok bool) {
	sh := t.of(pair)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	name := s.Full()
	scope := s.SLD()
	for range maxDepth + 1 {
		h, found := sh.flags.Get(t.id(pair, s, scope))
		if found && h.covers(s) {
			if !at.After(h.Until) {
				h.touch(at, t.hold, s.Prefix())
				return Hit{Ground: h.Ground, Scope: scope, Cited: Cited{ID: h.ID, Reasons: h.Reasons}}, true
			}
			t.remove(sh, h, Expired)
		}
		begin := len(name) - len(scope)
		if begin == 0 {
			break
		}
		scope = name[lastDot(name[:begin-1])+1:]
	}
	return hit, false
}

// maxDepth is how many labels below the SLD a scope has at most.
const maxDepth = 3

func lastDot(name []byte) int {
	i := len(name) - 1
	for i >= 0 && name[i] != '.' {
		i--
	}
	return i
}

// id is what a flag is known by: its pair, or for a subtree a hash of both.
func (t *Table) id(pair uint64, s *subject.Subject, scope []byte) uint64 {
	if len(scope) == len(s.SLD()) {
		return pair
	}
	var buf [8 + 256]byte
	binary.LittleEndian.PutUint64(buf[:], pair)
	return t.key.Sum(buf[:8+copy(buf[8:], scope)])
}

// Raise flags the subject below the scope, a part of its name at most three labels
// below the SLD. The rest of what is to be known is taken from f. It returns a
// copy of the flag, and false if it was there already: then the query counts as
// blocked by that one. A flag of a metered ground is a record: Hit does not see it.
func (t *Table) Raise(pair uint64, s *subject.Subject, scope []byte, f Flag, at time.Time) (Flag, bool) {
	return t.raise(pair, s, scope, f, at, true)
}

// RaiseAhead is Raise where no query of the subject is being blocked yet.
func (t *Table) RaiseAhead(pair uint64, s *subject.Subject, scope []byte, f Flag, at time.Time) (Flag, bool) {
	return t.raise(pair, s, scope, f, at, false)
}

func (t *Table) raise(pair uint64, s *subject.Subject, scope []byte, f Flag, at time.Time, blocks bool) (Flag, bool) {
	sh := t.of(pair)
	sh.mu.Lock()
	t.expire(sh, at)
	id := t.id(pair, s, scope)
	if f.Ground.Metered() {
		id = t.key.Sum(binary.LittleEndian.AppendUint64([]byte(f.Ground.String()), id))
	}
	if h, ok := sh.of(f.Ground).Get(id); ok {
		if h.covers(s) {
			if blocks {
				h.touch(at, t.hold, s.Prefix())
			}
			known := *h.Flag
			sh.mu.Unlock()
			t.news.notify()
			return known, false
		}
		t.remove(sh, h, Evicted) // two pairs of one hash
	}
	f.ID, f.Scope, f.Client = id, string(scope), s.Client
	f.SLD = f.Scope
	if n := len(s.SLD()); n > 0 {
		f.SLD = string(s.SLD())
	}
	f.Since, f.Last, f.Until, f.Blocked = at, at, at.Add(t.hold), 0
	if blocks {
		f.touch(at, t.hold, s.Prefix())
	}
	t.put(sh, &f, pair)
	t.news.add(Raised, &f)
	raised := f
	sh.mu.Unlock()
	t.makeRoom()
	t.news.notify()
	return raised, true
}

// put adds a flag that is not there. The shard is locked.
func (t *Table) put(sh *shard, f *Flag, pair uint64) {
	sh.of(f.Ground).Add(f.ID, held{f, pair})
	if t.count.Add(1); !f.Ground.Metered() {
		t.there.add(pair)
	}
}

// remove ends a flag. The shard is locked.
func (t *Table) remove(sh *shard, h held, why Kind) {
	sh.of(h.Ground).Remove(h.ID)
	if t.count.Add(-1); !h.Ground.Metered() {
		t.there.remove(h.pair)
	}
	t.news.add(why, h.Flag)
}

// expire ends the flags whose time is over. The shard is locked.
func (t *Table) expire(sh *shard, at time.Time) {
	for _, all := range sh.all() {
		for {
			_, h, ok := all.GetOldest()
			if !ok || !at.After(h.Until) {
				break
			}
			t.remove(sh, h, Expired)
		}
	}
}

// makeRoom ends the flags that have been quiet for longest while there are too
// many. No lock is held.
func (t *Table) makeRoom() {
	for t.count.Load() > Capacity {
		t.evict()
	}
}

// evict ends the flag that has been quiet for longest, if there is still one too
// many then.
func (t *Table) evict() {
	var quietest *shard
	var which held
	for i := range t.shards {
		sh := &t.shards[i]
		sh.mu.Lock()
		for _, all := range sh.all() {
			if _, h, ok := all.GetOldest(); ok && (quietest == nil || h.before(which)) {
				quietest, which = sh, held{&Flag{ID: h.ID, Ground: h.Ground, Last: h.Last}, h.pair}
			}
		}
		sh.mu.Unlock()
	}
	if quietest == nil {
		return
	}
	quietest.mu.Lock()
	defer quietest.mu.Unlock()
	if _, h, ok := quietest.of(which.Ground).GetOldest(); ok && t.count.Load() > Capacity {
		t.remove(quietest, h, Evicted)
	}
}

// Gone is a flag that was released, and its pair.
type Gone struct {
	Flag
	Pair uint64
}

// Release ends every flag that is to go, for that cause. goes must not keep what it is
// given.
func (t *Table) Release(why Kind, goes func(*Flag) bool) (released []Gone) {
	for i := range t.shards {
		sh := &t.shards[i]
		sh.mu.Lock()
		for _, h := range sh.values() {
			if goes(h.Flag) {
				released = append(released, Gone{Flag: *h.Flag, Pair: h.pair})
				t.remove(sh, h, why)
			}
		}
		sh.mu.Unlock()
	}
	t.news.notify()
	return released
}

// Find is the flag in force that blocks the subject, or the record of a budget that is
// about it. It changes nothing, and looks at all flags.
func (t *Table) Find(s *subject.Subject, at time.Time) (found Flag, ok bool) {
	for i := range t.shards {
		sh := &t.shards[i]
		sh.mu.Lock()
		for _, h := range sh.values() {
			if h.covers(s) && !at.After(h.Until) && (!ok || !h.Ground.Metered()) {
				found, ok = *h.Flag, true
			}
		}
		sh.mu.Unlock()
	}
	return found, ok
}

// Expire ends the flags whose time is over: those that nobody asks for end only then.
func (t *Table) Expire(at time.Time) {
	if t.Len() == 0 {
		return
	}
	for i := range t.shards {
		sh := &t.shards[i]
		sh.mu.Lock()
		t.expire(sh, at)
		sh.mu.Unlock()
	}
	t.news.notify()
}

// All are copies of the flags in force, the oldest first.
func (t *Table) All(at time.Time) (all []Flag) {
	for i := range t.shards {
		sh := &t.shards[i]
		sh.mu.Lock()
		t.expire(sh, at)
		for _, h := range sh.values() {
			all = append(all, *h.Flag)
		}
		sh.mu.Unlock()
	}
	t.news.notify()
	slices.SortFunc(all, func(a, b Flag) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID)) })
	return all
}

// Len is how many flags are held, those included whose time is over and that
// nobody has asked for since.
func (t *Table) Len() int { return int(t.count.Load()) }

// Inherit takes over from a table under the same key the flags that this one does
// not have, or has an older one of, and that do not end with that, without telling
// followers. It returns the pairs of those. The other table stays as it is.
func (t *Table) Inherit(from *Table, ends func(*Flag) bool) (pairs []uint64) {
	var flags []held
	for i := range from.shards {
		sh := &from.shards[i]
		sh.mu.Lock()
		for _, h := range sh.values() {
			if copied := *h.Flag; !ends(&copied) {
				flags = append(flags, held{&copied, h.pair})
			}
		}
		sh.mu.Unlock()
	}
	return t.take(flags)
}

// take takes over flags that this table does not have, or has an older one of.
func (t *Table) take(flags []held) (pairs []uint64) {
	slices.SortStableFunc(flags, func(a, b held) int { return a.Last.Compare(b.Last) })
	flags = flags[max(len(flags)-Capacity, 0):]
	for _, h := range flags {
		sh := t.of(h.pair)
		sh.mu.Lock()
		own, ok := sh.of(h.Ground).Peek(h.ID)
		switch {
		case !ok:
			h.Until = h.Last.Add(t.hold)
			t.put(sh, h.Flag, h.pair)
			pairs = append(pairs, h.pair)
		case own.Last.Before(h.Last):
			own.Last, own.Until = h.Last, h.Last.Add(t.hold)
		}
		sh.mu.Unlock()
	}
	t.makeRoom()
	t.news.notify()
	return pairs
}

// of are the flags of that kind of ground.
func (s *shard) of(g verdict.Ground) *simplelru.LRU[uint64, held] {
	if g.Metered() {
		return s.records
	}
	return s.flags
}

func (s *shard) all() [2]*simplelru.LRU[uint64, held] {
	return [...]*simplelru.LRU[uint64, held]{s.records, s.flags}
}

func (s *shard) values() []held { return append(s.records.Values(), s.flags.Values()...) }

// before reports whether a flag has to go before another one.
func (h held) before(other held) bool {
	if metered := h.Ground.Metered(); metered != other.Ground.Metered() {
		return metered
	}
	return h.Last.Before(other.Last)
}

func (t *Table) of(pair uint64) *shard { return &t.shards[pair%shards] }
