package forecast

import (
	"hash/maphash"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/standing"
	"github.com/notunnel/notunnel/plugin/subject"
)

// Config is what an observer works by.
type Config struct {
	Domains int    // that are kept, and as many clients, at some 2 KiB for one of each
	Every   uint64 // one in so many names is looked at; 1: each
}

// Standings tell what is known of an SLD.
type Standings interface {
	Standing(sld []byte) standing.Standing
}

// Observer notes what a forecast rests on. Safe for concurrent use. Exchange and Metered
// never wait: what comes while another is noted is left out.
type Observer struct {
	config Config
	seed   maphash.Seed
	begun  time.Time // of a server: when it began to look; zero: with the first query

	mu      sync.Mutex
	domains *simplelru.LRU[string, *zone]
	clients *simplelru.LRU[subject.Client, *client]
	all     counts
	demand  demand
	flagged record
}

// counts are over all that was looked at.
type counts struct {
	queries       uint64
	first, last   time.Time
	slds          distinct
	clients       distinct
	replies       uint64
	authoritative uint64
}

// New makes an observer. begun is zero for files.
func New(c Config, begun time.Time) *Observer {
	o := &Observer{config: c, seed: maphash.MakeSeed(), begun: begun}
	// The sizes are positive, the only thing that NewLRU can object to.
	o.domains, _ = simplelru.NewLRU[string, *zone](c.Domains, nil)
	o.clients, _ = simplelru.NewLRU[subject.Client, *client](c.Domains, nil)
	o.demand, o.flagged = newDemand(), newRecord()
	return o
}

// Domain is what Query found a query to be about, for its Reply.
type Domain struct {
	of   *zone
	name uint64
}

// Query notes a query that is judged, or metered only.
func (o *Observer) Query(known Standings, s *subject.Subject, qtype uint16, at time.Time) Domain {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.query(known, s, qtype, at)
}

// Reply notes the reply to a query.
func (o *Observer) Reply(d Domain, m *dns.Msg) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.reply(d, m)
}

// Samples reports whether the name of a question is one of those to be looked at. It takes
// some nanoseconds and does not allocate.
func (o *Observer) Samples(name string) bool {
	return maphash.String(o.seed, name)%o.config.Every == 0
}

// Exchange is Query and Reply, unless somebody else is at it.
func (o *Observer) Exchange(known Standings, s *subject.Subject, qtype uint16, m *dns.Msg, at time.Time) {
	if !o.mu.TryLock() {
		return
	}
	defer o.mu.Unlock()
	o.reply(o.query(known, s, qtype, at), m)
}

// Metered takes in what a meter says (meter.Config.Watch). It keeps what is beyond the
// least budget alone.
func (o *Observer) Metered(now meter.Passed) {
	if !notable(&now) || !o.mu.TryLock() {
		return
	}
	defer o.mu.Unlock()
	o.demand.take(&now)
}

// Flagged follows the flags.
func (o *Observer) Flagged(c flags.Change) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flagged.take(&c)
}

func (o *Observer) query(known Standings, s *subject.Subject, qtype uint16, at time.Time) Domain {
	o.all.queries++
	o.all.last = at
	if o.all.first.IsZero() {
		o.all.first = at
	}
	who := maphash.Comparable(o.seed, s.Client)
	o.all.clients.add(who)
	c, ok := o.clients.Get(s.Client)
	if !ok {
		c = &client{}
		o.clients.Add(s.Client, c)
	}
	n := newName(o.seed, known, s, qtype)
	if n.sld != nil {
		o.all.slds.add(n.sldHash)
	}
	c.ask(&n, at)
	if n.sld == nil || n.reverse || n.standing == standing.Popular {
		return Domain{}
	}
	d, ok := o.domains.Get(string(n.sld))
	if !ok {
		d = &zone{}
		o.domains.Add(string(n.sld), d)
	}
	d.ask(&n, who)
	return Domain{of: d, name: n.hash}
}

func (o *Observer) reply(d Domain, m *dns.Msg) {
	o.all.replies++
	if m.Authoritative {
		o.all.authoritative++
	}
	if d.of != nil {
		d.of.learn(d.name, m)
	}
}
