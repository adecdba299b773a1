package meter

import (
	"math"
	"time"

	"github.com/notunnel/notunnel/plugin/keyhash"
	"github.com/notunnel/notunnel/plugin/slab"
	"github.com/notunnel/notunnel/plugin/subject"
)

// SharedFactor is what the limits of domains are multiplied by that many people
// use, or that many people hold a part of.
const SharedFactor = 16

// Free is what each domain has before it counts for the sum of a client.
const Free = 16 * 8 * bit

// Config is what a meter works by.
type Config struct {
	Capacity int         // accounts that what was paid for, and who had to go, is remembered of
	Here     int         // accounts that the meter holds itself
	Key      keyhash.Key // of pairs, names, labels and records
	Code     Code
	Limits   Limits
	// Factor is what the limits of a domain are multiplied by, 1 for unknown ones.
	Factor func(sld []byte) uint8
	// Ended is told what passed of a pair in four hours, when they are over and
	// something did. It is called under a lock, and may be nil.
	Ended func(up, down Bits)
	// Watch is told of what is charged, within the account's lock. Nil if nobody asks.
	Watch func(Passed)
}

// Meter sums up the information that passed, by pair and by client. Accounts of pairs of
// an SLD and a client are held by whoever holds what else is known of them, and charged by
// Charge and ChargeReply; all others are held here, at most the configured number, and
// charged by Query and Reply. An eviction costs O(1). Safe for concurrent use.
type Meter struct {
	config Config
	here   *slab.Table[Account]
	rests  []Rests        // of those, by shard
	before [pasts]guarded // of accounts that had to go
	paid   paid
}

// New makes a meter.
func New(c Config) *Meter {
	m := &Meter{config: c, here: slab.New[Account](c.Here), paid: newPaid(c.Capacity)}
	m.rests = make([]Rests, m.here.Len())
	for i := range m.before {
		m.before[i].held = newPast(c.Capacity / pasts)
	}
	return m
}

// Query is a query as the meter needs it.
type Query struct {
	Pair   uint64 // keyed hash of domain and client
	Domain []byte // canonical
	Prefix []byte // the name below it, canonical
	Hash   uint64 // keyed hash of the prefix
	Client *subject.Client
	Shared bool // the domain is no SLD: it has the limits of popular ones and counts for no client's sum
	Type   uint16
	At     time.Time
	Dry    bool // only say what would be: nothing is charged
}

// Cause is which limit a query or a reply would have exceeded.
type Cause uint8

const (
	Within    Cause = iota // none
	UpNew                  // half of Up is spent, and the name is new
	UpAll                  // Up is spent
	DownAll                // Down is spent
	ClientAll              // Client is spent
)

// Outcome is what the meter says of a query.
type Outcome struct {
	Cause Cause
	Kind  Kind
	Held  [2]uint64 // labels of a fresh name that the pair asked for lately: a bit each, the one nearest to the SLD first
	Price Bits
	Up    Bits // of the pair, this query included if it was charged
	Down  Bits
	Limit Bits // that would have been exceeded
}

// Ahead has the processor bring in what is remembered of a name and of its replies, which
// a query for it and the reply will ask for. It changes nothing.
func (m *Meter) Ahead(pair, hash uint64) { m.paid.ahead(pair, hash) }

// Query charges a query to the account that the meter holds of it, see Charge.
func (m *Meter) Query(q *Query) (o Outcome) {
	if excess := m.queryHere(q, m.left(q), &o); excess > 0 {
		m.chargeClient(q, excess)
	}
	return o
}

func (m *Meter) queryHere(q *Query, left Bits, o *Outcome) (excess Bits) {
	s, rests := m.of(q.Pair)
	s.Lock()
	defer s.Unlock()
	return m.charge(m.account(s, rests, q.Pair, q.At), rests, q, left, o)
}

// Charge charges a query to an account that the caller has locked, or says which limit
// refuses it, and charges nothing then.
func (m *Meter) Charge(a *Account, rests *Rests, q *Query, o *Outcome) {
	if a.stale(partOf(q.At)) {
		m.settle(q.Pair, a, rests, q.At)
	}
	if excess := m.charge(a, rests, q, m.left(q), o); excess > 0 {
		m.chargeClient(q, excess)
	}
}

// charge is Charge for the pair alone. It returns what counts for the client's sum.
func (m *Meter) charge(a *Account, rests *Rests, q *Query, left Bits, o *Outcome) (excess Bits) {
	if !a.known {
		a.known, a.factor = true, SharedFactor
		if !q.Shared {
			a.factor = m.config.Factor(q.Domain)
		}
	}
	if a.memory.is(q.Hash, q.Type) {
		m.same(a, q, o)
		return 0
	}
	e := m.event(a, rests, q)
	o.Price, o.Kind = a.memory.price(&m.config.Code, &e, &m.config.Key, rests.tails(a))
	o.Held = e.labels.labels
	spent := a.spent()
	o.Up, o.Down = spent.up, spent.down
	after := plus(spent.up, o.Price)
	if o.Cause, o.Limit = m.refuses(a, spent.down, after, o.Kind); o.Cause != Within {
		return 0
	}
	if a.factor <= 1 && after > Free {
		if excess = after - max(spent.up, Free); excess > left {
			o.Cause, o.Limit = ClientAll, m.config.Limits.Client
			return 0
		}
	}
	if q.Dry {
		return 0
	}
	m.remember(a, rests, &e, o.Kind)
	a.up.add(o.Price)
	if a.factor > 1 && o.Kind == Fresh && after > Free {
		rests.of(a).subtree.vote(q.Prefix, o.Price, &m.config.Key)
	}
	o.Up = after
	m.watch(a, q, o)
	return excess
}

// same is charge for the last name and type once more, which cost nothing yet.
func (m *Meter) same(a *Account, q *Query, o *Outcome) {
	spent := a.spent()
	*o = Outcome{Kind: Same, Up: spent.up, Down: spent.down}
	if o.Cause, o.Limit = m.refuses(a, spent.down, spent.up, Same); o.Cause != Within || q.Dry {
		return
	}
	a.memory.repeat()
	m.watch(a, q, o)
}

// watch tells of what was charged.
func (m *Meter) watch(a *Account, q *Query, o *Outcome) {
	if m.config.Watch != nil {
		m.config.Watch(Passed{
			Account: q.Pair, Domain: q.Domain, Client: q.Client, Factor: max(a.factor, 1), Kind: o.Kind, Up: o.Up, Down: o.Down,
		})
	}
}

// event is a query other than the last one, with what is remembered of it. The line of its
// name is looked at only if that neither follows as before nor is one of the last.
func (m *Meter) event(a *Account, rests *Rests, q *Query) event {
	e := event{prefix: q.Prefix, hash: q.Hash, qtype: q.Type, code: typeCode(q.Type)}
	if last := &a.memory; last.asked {
		e.line, e.of = m.paid.event(owner{q.Pair, a.identity}, last.last, last.qtype)
		found := uint64(0)
		found, e.next = e.line.find(e.of, ofEvent)
		if e.follows = found&ofValue == value(typed(q.Hash, q.Type)); e.follows {
			return e
		}
		if e.held = last.holds(q.Hash, rests.tails(a)); !e.held {
			line, of := m.paid.name(owner{q.Pair, a.identity}, q.Hash)
			found, _ = line.find(of, ofName)
			e.paid = found != 0
		}
	}
	return e
}

// typed is the hash of a name with a type.
func typed(hash uint64, qtype uint16) uint64 { return keyhash.Mix(hash, uint64(qtype)+1) }

// remember takes a query in. Its name is held as the last one until another follows,
// and stands with what follows from then on.
func (m *Meter) remember(a *Account, rests *Rests, e *event, kind Kind) {
	if kind != Next && e.line != nil {
		e.line.put(e.next, e.of|value(typed(e.hash, e.qtype)), ofEvent)
	}
	if a.rest == 0 && a.memory.outgrows(e, kind) {
		rests.of(a)
	}
	a.memory.remember(e, kind, &m.config.Key, rests.tails(a))
}

// refuses says whether the limits of a pair refuse an event when so much has come
// down, and after it so much has gone up.
func (m *Meter) refuses(a *Account, spent, after Bits, kind Kind) (Cause, Bits) {
	up, down := times(m.config.Limits.Up, a.factor), times(m.config.Limits.Down, a.factor)
	switch {
	case down > 0 && spent >= down:
		return DownAll, down
	case up == 0:
		return Within, 0
	case after > up:
		return UpAll, up
	case kind == Fresh && after > up/2:
		return UpNew, up
	}
	return Within, 0
}

func times(limit Bits, factor uint8) Bits {
	return Bits(min(uint64(limit)*uint64(max(factor, 1)), math.MaxUint32))
}

func plus(a, b Bits) Bits { return a + min(b, math.MaxUint32-a) }

// left is what the client may still send to all unknown domains together.
func (m *Meter) left(q *Query) Bits {
	if m.config.Limits.Client == 0 {
		return math.MaxUint32
	}
	client := q.Client.All(&m.config.Key)
	s, rests := m.of(client)
	s.Lock()
	defer s.Unlock()
	return m.config.Limits.Client - min(m.account(s, rests, client, q.At).spent().up, m.config.Limits.Client)
}

// chargeClient adds to that sum.
func (m *Meter) chargeClient(q *Query, excess Bits) {
	client := q.Client.All(&m.config.Key)
	s, rests := m.of(client)
	s.Lock()
	defer s.Unlock()
	a := m.account(s, rests, client, q.At)
	a.up.add(excess)
	if m.config.Watch != nil {
		m.config.Watch(Passed{Account: client, Client: q.Client, Up: a.spent().up})
	}
}

// Spent is what has passed of a pair in the parts that count: of an account that is
// locked, nil if there is none.
func (m *Meter) Spent(pair uint64, a *Account, rests *Rests, at time.Time) (up, down Bits) {
	if a == nil {
		return m.past(pair).spent(pair, at)
	}
	m.settle(pair, a, rests, at)
	return a.spent().up, a.spent().down
}

// account is that of the key among those that the meter holds, a new one if there is
// none.
func (m *Meter) account(s *slab.Shard[Account], rests *Rests, key uint64, at time.Time) *Account {
	a := m.place(s, rests, key, at)
	m.settle(key, a, rests, at)
	return a
}

// place is account as it stands.
func (m *Meter) place(s *slab.Shard[Account], rests *Rests, key uint64, at time.Time) *Account {
	if a := s.Find(key); a != nil {
		return a
	}
	return s.Make(key, func(old uint64, gone *Account) { m.Let(old, gone, rests, at) })
}

// worthMemory is what an account must have spent to be remembered.
const worthMemory = 8 * 8 * bit

// AheadOfPast has the processor bring in what is remembered of an account that comes or
// goes.
func (m *Meter) AheadOfPast(key uint64) { m.past(key).ahead(key) }

// Let remembers what an account had spent that has to go.
func (m *Meter) Let(key uint64, gone *Account, rests *Rests, at time.Time) {
	if gone.identity == 0 {
		return
	}
	m.settle(key, gone, rests, at)
	rests.let(gone)
	if gone.up.total > worthMemory || gone.down.total > worthMemory {
		m.past(key).put(key, gone.up.total, gone.down.total, at)
	}
}

// settle moves the sums on to the part that the time falls in. A new account begins with
// what is remembered of one before. A clock that is set back moves nothing.
func (m *Meter) settle(key uint64, a *Account, rests *Rests, at time.Time) {
	part := partOf(at)
	if a.identity == 0 {
		var number uint64
		number, a.before.up, a.before.down = m.past(key).begin(key, at)
		a.identity, a.part = keyhash.Mix(key, number), part
		return
	}
	if part <= a.part {
		return
	}
	if up, down := a.up.now, a.down.now; m.config.Ended != nil && a.known && (up > 0 || down > 0) {
		m.config.Ended(up, down)
	}
	a.known = false // standing can have changed
	if a.up.total > 0 || a.down.total > 0 {
		more := rests.of(a)
		a.up.age(part-a.part, &more.up)
		a.down.age(part-a.part, &more.down)
	}
	a.before.up, a.before.down = m.past(key).spent(key, at)
	a.part = part
}

// of is the shard of a key.
func (m *Meter) of(key uint64) (*slab.Shard[Account], *Rests) {
	number := m.here.Number(key)
	return m.here.Shard(number), &m.rests[number]
}

func (m *Meter) past(key uint64) *guarded { return &m.before[key%pasts] }
