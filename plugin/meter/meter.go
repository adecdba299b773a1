package meter

import (
	"math"
	"time"

	"github.com/notunnel/notunnel/plugin/keyhash"
	"github.com/notunnel/notunnel/plugin/subject"
)

// SharedFactor is what the limits of domains are multiplied by that many people
// use, or that many people hold a part of.
const SharedFactor = 16

// Free is what each domain has before it counts for the sum of a client.
const Free = 16 * 8 * bit

// Config is what a meter works by.
type Config struct {
	Capacity int         // pairs and clients held
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

// Meter sums up the information that passed, by pair and by client. It holds at most
// the configured number of accounts; an eviction costs O(1). Safe for concurrent use.
type Meter struct {
	config Config
	shards []shard
	paid   paid
}

const mostShards = 32

// New makes a meter.
func New(c Config) *Meter {
	n := mostShards
	for n > 1 && c.Capacity/n < 256 {
		n /= 2
	}
	m := &Meter{config: c, shards: make([]shard, n), paid: newPaid(c.Capacity)}
	for i := range m.shards {
		m.shards[i].init((c.Capacity + n - 1) / n)
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
	Room   []byte // scratch space
	Shared bool   // the domain is no SLD: it has the limits of popular ones and counts for no client's sum
	Type   uint16
	At     time.Time
	Dry    bool // only say what would be: nothing is charged
}

// client is the key of the client's account.
func (q *Query) client(key *keyhash.Key) uint64 {
	return subject.Pair(key, subject.OfAll, nil, q.Client, q.Room)
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

// Query charges a query, or says which limit refuses it, and charges nothing then.
func (m *Meter) Query(q *Query) (o Outcome) {
	left, client := Bits(math.MaxUint32), uint64(0)
	if m.config.Limits.Client > 0 {
		client = q.client(&m.config.Key)
		left = m.leftOf(client, q.At)
	}
	if excess := m.charge(q, left, &o); excess > 0 {
		if client == 0 {
			client = q.client(&m.config.Key)
		}
		m.chargeClient(client, excess, q.At)
	}
	return o
}

// charge is Query for the pair. It returns what counts for the client's sum.
func (m *Meter) charge(q *Query, left Bits, o *Outcome) (excess Bits) {
	s := m.of(q.Pair)
	s.mu.Lock()
	defer s.mu.Unlock()
	a := m.account(s, q.Pair, q.At)
	e := m.event(a, q.Prefix, q.Hash, q.Type)
	o.Price, o.Kind = a.memory.price(&m.config.Code, &e, &m.config.Key)
	o.Held = e.labels.labels
	spent := a.spent()
	o.Up, o.Down = spent.up, spent.down
	after := plus(spent.up, o.Price)
	if !a.known {
		a.known, a.factor = true, SharedFactor
		if !q.Shared {
			a.factor = m.config.Factor(q.Domain)
		}
	}
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
	m.remember(a, &e, o.Kind)
	a.up.add(o.Price)
	if a.factor > 1 && o.Kind == Fresh {
		a.subtree.vote(q.Prefix, o.Price, &m.config.Key)
	}
	o.Up = after
	if m.config.Watch != nil {
		m.config.Watch(Passed{
			Account: q.Pair, Domain: q.Domain, Client: q.Client, Factor: max(a.factor, 1), Kind: o.Kind, Up: after, Down: spent.down,
		})
	}
	return excess
}

// event is a query with what is remembered of it. The line of its name is looked at only
// if that neither follows as before nor is one of the last.
func (m *Meter) event(a *account, prefix []byte, hash uint64, qtype uint16) event {
	e := event{prefix: prefix, hash: hash, qtype: qtype, code: typeCode(qtype)}
	if last := &a.memory; last.asked && !last.is(&e) {
		line, of := m.paid.event(a.identity, last.last, last.qtype)
		if e.follows = line.find(of, ofEvent)&ofValue == value(typed(hash, qtype)); e.follows {
			return e
		}
		if e.held = last.holds(hash); !e.held {
			line, of = m.paid.name(a.identity, hash)
			e.paid = line.find(of, ofName) != 0
		}
	}
	return e
}

// typed is the hash of a name with a type.
func typed(hash uint64, qtype uint16) uint64 { return mix(hash, uint64(qtype)+1) }

// remember takes a query in. Its name is held as the last one until another follows,
// and stands with what follows from then on.
func (m *Meter) remember(a *account, e *event, kind Kind) {
	if last := &a.memory; kind != Same && kind != Next && last.asked {
		line, of := m.paid.event(a.identity, last.last, last.qtype)
		line.put(of|value(typed(e.hash, e.qtype)), ofEvent)
	}
	a.memory.remember(e, kind, &m.config.Key)
}

// refuses says whether the limits of a pair refuse an event when so much has come
// down, and after it so much has gone up.
func (m *Meter) refuses(a *account, spent, after Bits, kind Kind) (Cause, Bits) {
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

// leftOf is what the client may still send.
func (m *Meter) leftOf(client uint64, at time.Time) Bits {
	s := m.of(client)
	s.mu.Lock()
	defer s.mu.Unlock()
	a := m.account(s, client, at)
	return m.config.Limits.Client - min(a.spent().up, m.config.Limits.Client)
}

func (m *Meter) chargeClient(client uint64, excess Bits, at time.Time) {
	s := m.of(client)
	s.mu.Lock()
	defer s.mu.Unlock()
	a := m.account(s, client, at)
	a.up.add(excess)
	if m.config.Watch != nil {
		m.config.Watch(Passed{Account: client, Up: a.spent().up})
	}
}

// Spent is what has passed of a pair in the parts that count.
func (m *Meter) Spent(pair uint64, at time.Time) (up, down Bits) {
	s := m.of(pair)
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.find(pair); a != nil {
		m.age(s, a, at)
		return a.spent().up, a.spent().down
	}
	return s.past.spent(pair, at)
}

// account is that of the key, a new one if there is none: with what is remembered of
// one before.
func (m *Meter) account(s *shard, key uint64, at time.Time) *account {
	if a := s.find(key); a != nil {
		m.age(s, a, at)
		return a
	}
	a := s.make(key, func(gone *account) {
		m.age(s, gone, at)
		s.let(gone, at)
	})
	a.part = partOf(at)
	a.before.up, a.before.down = s.past.spent(key, at)
	return a
}

// worthMemory is what an account must have spent to be remembered.
const worthMemory = 8 * 8 * bit

// let remembers what an account had spent that has to go.
func (s *shard) let(gone *account, at time.Time) {
	if gone.up.total > worthMemory || gone.down.total > worthMemory {
		s.past.put(gone, at)
	}
}

// age moves the sums on to the part that the time falls in. A clock that is set back
// moves nothing.
func (m *Meter) age(s *shard, a *account, at time.Time) {
	if part := partOf(at); part > a.part {
		if up, down := a.up.part[0], a.down.part[0]; m.config.Ended != nil && a.known && (up > 0 || down > 0) {
			m.config.Ended(up, down)
		}
		a.known = false // standing can have changed
		a.up.age(part - a.part)
		a.down.age(part - a.part)
		a.before.up, a.before.down = s.past.spent(a.key, at)
		a.part = part
	}
}

func (m *Meter) of(key uint64) *shard { return &m.shards[key&uint64(len(m.shards)-1)] }

// Count returns how many accounts are held, and how many were evicted so far.
func (m *Meter) Count() (held int, evicted uint64) {
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		held, evicted = held+s.used, evicted+s.evicted
		s.mu.Unlock()
	}
	return held, evicted
}
