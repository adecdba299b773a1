package detect

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/plugin/split"
	"github.com/notunnel/notunnel/plugin/verdict"
	"github.com/notunnel/notunnel/plugin/window"
	"github.com/notunnel/notunnel/segment"
)

// Query is a question as the engine sees it.
type Query struct {
	Name   string // presentation form, any case
	Type   uint16
	Client netip.Addr // invalid if unknown
	Source string     // stands for an unknown client
	At     time.Time
}

// Why says on what ground a query was let pass or judged.
type Why uint8

const (
	Judged  Why = iota
	NoSLD       // the name has no SLD
	Local       // special-use name
	Allowed     // on the allow list
	Exempt      // client never judged
)

func (w Why) String() string {
	return [...]string{"judged", "no_sld", "local", "allowed", "exempt"}[w]
}

// Decision is what the engine says of a query.
type Decision struct {
	Verdict  verdict.Verdict
	Why      Why
	Scored   bool           // a score was due: Score and Features are set
	Score    float64        // probability of a tunnel
	Features feature.Vector // what the score rests on
	Flagged  *Flag          // set for the query that got the pair flagged
	Ticket   Ticket
}

// Flag tells of a pair that has just been flagged.
type Flag struct {
	SLD, Client string // SLD in presentation form
	Score       float64
	Queries     int      // since the window began, repeats and the deciding one included
	LeakedBytes int      // prefix bytes of those that passed, repeats included
	Reasons     []string // strongest evidence first
}

// Ticket leads a reply back to its query. The zero value leads nowhere.
type Ticket struct {
	pair   window.Pair
	prefix uint64
	valid  bool
}

// Valid tells whether the reply is of interest.
func (t Ticket) Valid() bool { return t.valid }

// Query decides on a query, itself included in the evidence.
func (e *Engine) Query(q Query) (d Decision) {
	if e.exempt(q.Client) {
		d.Why = Exempt
		return d
	}
	s := e.scratch.Get().(*scratch)
	defer e.scratch.Put(s)
	switch s.name.Parse(q.Name) {
	case split.NoSLD:
		d.Why = NoSLD
		return d
	case split.Local:
		d.Why = Local
		return d
	}
	if e.allow.Load().Covers(s.name.Full()) {
		d.Why = Allowed
		return d
	}
	e.judge(s, &q, &d)
	return d
}

// judge observes the query in its window and scores it if that is due.
func (e *Engine) judge(s *scratch, q *Query, d *Decision) {
	prefix := s.name.Prefix()
	s.query = window.Query{
		Pair:      e.pair(s, q),
		Prefix:    prefix,
		Hash:      e.store.Hash(prefix),
		Carrier:   carries(q.Type) && !service(prefix),
		At:        window.TickOf(q.At),
		Span:      e.span,
		BlockFor:  e.hold,
		Floor:     e.config.Models.MinBytes / 2,
		Threshold: float32(e.config.Threshold),
	}
	sum := &s.summary
	if e.config.Models.Forest == nil {
		sum = nil
	}
	out := e.store.Observe(&s.query, nil, sum)
	if out.State == window.Unmeasured {
		e.measure(s)
		out = e.store.Observe(&s.query, &s.measures, sum)
	}
	if out.State == window.Flagged {
		d.Verdict = verdict.Block
		return
	}
	d.Ticket = Ticket{pair: s.query.Pair, prefix: s.query.Hash, valid: !out.Settled}
	if out.State == window.Due && e.score(s, d) {
		e.store.Scored(s.query.Pair, float32(d.Score))
		if d.Verdict == verdict.Block && e.store.Flag(s.query.Pair, s.query.At) {
			d.Flagged = &Flag{
				SLD:         Escape(s.name.SLD()),
				Client:      e.ClientName(q.Client, q.Source),
				Score:       d.Score,
				Queries:     int(out.Queries),
				LeakedBytes: int(out.Bytes) - len(prefix),
				Reasons:     e.Reasons(d.Features),
			}
		}
	}
}

// measure takes the measures that only the query's own bytes can give.
func (e *Engine) measure(s *scratch) {
	prefix, m := s.name.Prefix(), &s.measures
	m.Prefix = feature.Measure(prefix)
	begin := e.begin(&s.measured)
	m.Segments = segment.Count(prefix)
	begin = e.end(Segmentation, begin)
	m.Loss = e.config.Models.Autoencoder.Loss(prefix)
	e.end(Autoencoder, begin)
}

// score asks the forest. It returns false, and counts, if there is no answer.
func (e *Engine) score(s *scratch, d *Decision) bool {
	sum := &s.summary
	d.Features = sum.Vector()
	begin := e.begin(&s.scored)
	p, err := e.config.Models.Forest.Probability(d.Features[:])
	e.end(Forest, begin)
	if err != nil {
		if e.config.Meter != nil {
			e.config.Meter.Fault(Forest)
		}
		return false
	}
	d.Scored, d.Score = true, float64(p)
	d.Verdict = verdict.Of(d.Score, e.config.Threshold,
		verdict.Evidence{Events: sum.Events, Bytes: sum.Bytes},
		verdict.Evidence{Events: e.config.Models.MinEvents, Bytes: e.config.Models.MinBytes})
	return true
}

// Score scores the query's window as it stands, due or not. It records
// nothing.
func (e *Engine) Score(q Query) (d Decision, ok bool) {
	s := e.scratch.Get().(*scratch)
	defer e.scratch.Put(s)
	return d, e.summarize(s, &q) && e.score(s, &d)
}

// Summary takes the sums of the query's window as they stand. It returns false
// if there is no window.
func (e *Engine) Summary(q Query) (sum feature.Summary, ok bool) {
	s := e.scratch.Get().(*scratch)
	defer e.scratch.Put(s)
	ok = e.summarize(s, &q)
	return s.summary, ok
}

func (e *Engine) summarize(s *scratch, q *Query) bool {
	s.summary = feature.Summary{}
	return s.name.Parse(q.Name) == split.Judged && e.store.Peek(e.pair(s, q), &s.summary)
}

// pair is the key of the query's window: its SLD and client.
func (e *Engine) pair(s *scratch, q *Query) window.Pair {
	n := copy(s.key[:], s.name.SLD())
	s.key[n] = 0
	n++
	if !q.Client.IsValid() {
		n += copy(s.key[n:], q.Source)
		return window.Pair(e.store.Hash(s.key[:n]))
	}
	addr := q.Client.As16()
	m := &e.mask6
	if q.Client.Is4() || q.Client.Is4In6() {
		m = &e.mask4
	}
	binary.BigEndian.PutUint64(s.key[n:], binary.BigEndian.Uint64(addr[:8])&m[0])
	binary.BigEndian.PutUint64(s.key[n+8:], binary.BigEndian.Uint64(addr[8:])&m[1])
	return window.Pair(e.store.Hash(s.key[:n+len(addr)]))
}

func (e *Engine) exempt(client netip.Addr) bool {
	if len(e.config.Exempt) == 0 || !client.IsValid() {
		return false
	}
	client = client.Unmap().WithZone("")
	for _, p := range e.config.Exempt {
		if p.Contains(client) {
			return true
		}
	}
	return false
}

// timedEvery is how many inferences there are to one that is timed: clock and
// histogram take as long as a short prefix does.
const timedEvery = 64

// begin and end time a stage, if there is a meter and the count says so. begin
// returns the zero time if not. end returns the moment it was called, where the
// next stage may begin.
func (e *Engine) begin(count *uint32) (t time.Time) {
	if e.config.Meter != nil && *count%timedEvery == 0 {
		t = time.Now()
	}
	*count++
	return t
}

func (e *Engine) end(stage Stage, begin time.Time) (now time.Time) {
	if !begin.IsZero() {
		now = time.Now()
		e.config.Meter.Took(stage, now.Sub(begin))
	}
	return now
}

// carries tells whether a record type is one that tunnels use to bring data
// back, and ordinary resolution does not.
func carries(qtype uint16) bool {
	switch qtype {
	case dns.TypeA, dns.TypeAAAA, dns.TypeHTTPS, dns.TypeSVCB, dns.TypePTR, dns.TypeNS,
		dns.TypeSOA, dns.TypeDS, dns.TypeDNSKEY, dns.TypeCAA:
		return false
	}
	return true
}

// service tells whether a label of the prefix begins with an underscore, as
// the names of services and policies do (RFC 8552).
func service(prefix []byte) bool {
	start := true
	for _, c := range prefix {
		if start && c == '_' {
			return true
		}
		start = c == '.'
	}
	return false
}
