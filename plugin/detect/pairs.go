package detect

import (
	"slices"
	"time"

	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/slab"
	"github.com/notunnel/notunnel/plugin/window"
)

// pair is what is kept of an SLD and a client: what was metered and the window, side by
// side, so that one look-up and one lock cover a query. It holds no pointers.
type pair struct {
	account meter.Account
	window  window.Window
}

// pairs holds at most the configured number of pairs. When one more comes, one goes that
// nobody asked for lately; what it had spent is remembered by the meter. Safe for
// concurrent use.
type pairs struct {
	table  *slab.Table[pair]
	beside []beside // each shard
	meter  *meter.Meter
}

// beside is what a shard's lock guards besides its pairs.
type beside struct {
	panes   window.Panes // of the windows
	rests   meter.Rests  // of the accounts
	evicted uint64       // for lack of room
	_       [64]byte     // another shard's are on another line
}

func newPairs(capacity int, m *meter.Meter) *pairs {
	p := &pairs{table: slab.New[pair](capacity), meter: m}
	p.beside = make([]beside, p.table.Len())
	return p
}

// locked is a pair with its shard, until Unlock.
type locked struct {
	*slab.Shard[pair]
	*pair // nil if there is none
	*beside
	place uint32 // of the pair
}

// lock returns the pair of a key, a new one if there is none. It is found faster where it
// was the last time, 0 if nobody knows.
func (p *pairs) lock(key uint64, place uint32, at time.Time) locked {
	number := p.table.Number(key)
	l := locked{Shard: p.table.Shard(number), beside: &p.beside[number], place: place}
	l.Lock()
	if place > 0 {
		l.pair = l.FindAt(key, int(place-1))
	}
	if l.pair == nil {
		p.find(&l, key, at)
	}
	return l
}

// find is lock for a pair that may be anywhere or nowhere.
func (p *pairs) find(l *locked, key uint64, at time.Time) {
	if l.pair = l.Find(key); l.pair == nil {
		l.pair = p.make(l, key, at)
	}
	l.place = uint32(l.Last()) + 1
}

// make is for a key that has no pair. One that has to go leaves what it had spent, and its
// panes.
func (p *pairs) make(l *locked, key uint64, at time.Time) *pair {
	p.meter.AheadOfPast(key)
	return l.Make(key, func(old uint64, gone *pair) {
		p.meter.AheadOfPast(old)
		l.evicted++
		gone.window.Clear(&l.panes)
		p.meter.Let(old, &gone.account, &l.rests, at)
	})
}

// look returns the pair of a key if there is one. That does not count as a use.
func (p *pairs) look(key uint64) locked {
	number := p.table.Number(key)
	l := locked{Shard: p.table.Shard(number), beside: &p.beside[number]}
	l.Lock()
	l.pair = l.Peek(key)
	return l
}

// count returns how many pairs are held, and how many were evicted for lack of room so far.
func (p *pairs) count() (held int, evicted uint64) {
	for i := range p.beside {
		s := p.table.Shard(i)
		s.Lock()
		held, evicted = held+s.Len(), evicted+p.beside[i].evicted
		s.Unlock()
	}
	return held, evicted
}

// passed is what passed since the window was last empty.
func (p *pairs) passed(key uint64) window.Passed {
	l := p.look(key)
	defer l.Unlock()
	if l.pair == nil {
		return window.Passed{}
	}
	return l.window.Passed()
}

// spent is what passed in the last 24 hours.
func (p *pairs) spent(key uint64, at time.Time) (up, down meter.Bits) {
	l := p.look(key)
	defer l.Unlock()
	if l.pair == nil {
		return p.meter.Spent(key, nil, nil, at)
	}
	return p.meter.Spent(key, &l.account, &l.rests, at)
}

// would is what the meter would say of a query; nothing is charged. It returns false if
// there is no such pair: then all limits are far.
func (p *pairs) would(q meter.Query) (o meter.Outcome, ok bool) {
	l := p.look(q.Pair)
	defer l.Unlock()
	if l.pair == nil {
		return o, false
	}
	q.Dry = true
	p.meter.Charge(&l.account, &l.rests, &q, &o)
	return o, true
}

// forget lets the window of a pair go.
func (p *pairs) forget(key uint64) {
	l := p.look(key)
	defer l.Unlock()
	if l.pair != nil {
		l.window.Clear(&l.panes)
	}
}

// forgive lets a pair begin anew, with a fresh window and nothing spent.
func (p *pairs) forgive(key uint64, at time.Time) {
	l := p.look(key)
	defer l.Unlock()
	if l.pair == nil {
		p.meter.Forgive(key, nil, nil, at)
		return
	}
	p.meter.Forgive(key, &l.account, &l.rests, at)
	l.window.Clear(&l.panes)
}

// summary sums up the window of a pair, whatever its age. It returns false if there is
// none.
func (p *pairs) summary(key uint64, by *window.Rules, sum *feature.Summary) bool {
	l := p.look(key)
	defer l.Unlock()
	return l.pair != nil && by.Summarize(&l.window, &l.panes, sum)
}

// scored records the score that was due by an outcome.
func (p *pairs) scored(key uint64, o window.Outcome, score float32) {
	l := p.look(key)
	defer l.Unlock()
	if l.pair != nil {
		l.window.Scored(o, score)
	}
}

// subtree is how many labels of a prefix nearly all information of the pair went below.
func (p *pairs) subtree(key uint64, prefix []byte) int {
	l := p.look(key)
	defer l.Unlock()
	if l.pair == nil {
		return 0
	}
	return p.meter.Subtree(&l.account, &l.rests, prefix)
}

// inherit takes over copies of pairs that others of the same key hold and these do not,
// with their windows or without. Of more than there is room for, those used last are kept.
// The others stay as they are; both may be in use meanwhile, and no query waits for more
// than a list of one shard's keys, or its growth. Two must not inherit from each other at
// the same time.
func (p *pairs) inherit(from *pairs, windows bool) {
	for _, u := range from.held() {
		p.copy(u.key, from, windows)
	}
}

// used is a pair and when it was last used.
type used struct {
	key  uint64
	last window.Tick
}

// held are all pairs, the ones unused for longest first.
func (p *pairs) held() (all []used) {
	for i := range p.table.Len() {
		s := p.table.Shard(i)
		s.Lock()
		s.Each(func(key uint64, of *pair) { all = append(all, used{key, of.window.Last()}) })
		s.Unlock()
	}
	slices.SortStableFunc(all, func(a, b used) int { return int(int32(a.last - b.last)) })
	return all
}

// copy takes one pair over.
func (p *pairs) copy(key uint64, from *pairs, windows bool) {
	theirs := from.look(key)
	defer theirs.Unlock()
	ours := p.look(key)
	defer ours.Unlock()
	if theirs.pair == nil || ours.pair != nil {
		return
	}
	evicted := ours.evicted // those count that make room for something new
	defer func() { ours.evicted = evicted }()
	ours.pair = p.make(&ours, key, theirs.account.Begun())
	ours.account = p.meter.Adopt(from.meter, theirs.account, &ours.rests, &theirs.rests)
	if windows {
		theirs.window.CopyTo(&ours.window, &theirs.panes, &ours.panes)
	}
}
