package main

import (
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/cmd/notunnel/capture"
	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/split"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// Clients that have no address are called by a host's name, or by the file.
const (
	hostClient = "host:"
	fileClient = "file:"
)

// replay passes recorded traffic through an engine as if it were blocking, and
// keeps what became of every pair of SLD and client.
type replay struct {
	engine *detect.Engine
	every  bool // every pair is wanted, also those too small for a score
	source string
	clock  clock

	decision detect.Decision
	each     func(*queryReport) error // gets every query, nil if nobody wants them
	latest   *queryReport             // waits for its reply

	accounts  *accounts
	queries   int
	nameless  capture.Count // of this file: queries whose name is none
	anonymous capture.Count // of this file: queries of which nothing says who asked
	timeless  capture.Count // of this file: queries of which nothing says when
	malformed int
	truncated int
	skipped   map[string]int    // by kind
	opened    map[string]string // paths of files by their base names
	untold    int               // pairs that the table has no room for
	failed    error             // nobody reads the report
}

// pair is an SLD and a client, and what the engine said of them.
type pair struct {
	number      int // by its first query
	sld, client string
	verdict     verdict.Verdict // the severest so far
	scored      bool            // by the engine of its own accord
	score       float64
	features    feature.Vector
	reasons     []flags.Reason
	standing    string
	ground      string // of the first block, "" until then
	scope       string
	first       time.Time
	blockedAt   time.Time // zero until then
	queries     int
	leaked      int        // queries before the first that was blocked
	leakedBytes int        // prefix bytes of those
	up, down    meter.Bits // that passed in all
}

func newReplay(e *detect.Engine, every bool) *replay {
	return &replay{engine: e, every: every, accounts: newAccounts(), skipped: map[string]int{}, opened: map[string]string{}}
}

// Query implements capture.Visitor.
func (r *replay) Query(q *capture.Query) error {
	_, err := r.judge(q)
	return err
}

// judge asks the engine. It returns the pair that was judged, nil if none was.
func (r *replay) judge(q *capture.Query) (*pair, error) {
	if r.failed != nil {
		return nil, r.failed
	}
	r.queries++
	d, at, source := &r.decision, r.clock.at(q.At), r.source
	switch {
	case q.Host != "":
		source = hostClient + q.Host
	case !q.Client.IsValid():
		r.anonymous.Add("%q", q.Name)
	}
	if q.At.IsZero() {
		r.timeless.Add("%q", q.Name)
	}
	r.engine.Query(detect.Query{Name: q.Name, Type: q.Type, Client: q.Client, Source: source, At: at}, d)
	asked := &asked{ticket: d.Ticket}
	q.Data = asked
	for i := range d.Beside {
		f := &d.Beside[i]
		if p := r.accounts.find(f.SLD, f.Client); p != nil {
			p.scored, p.score, p.reasons = true, f.Score, f.Reasons
		}
	}
	if r.each != nil {
		if err := r.report(q, at, asked); err != nil {
			return nil, err
		}
	}
	if d.Why == detect.Malformed {
		r.nameless.Add("%q", q.Name)
	}
	if d.Why != detect.Judged && d.Why != detect.Denied {
		r.accounts.heard(d.SLD(), d.Client)
		return nil, nil
	}
	sld := d.SLD()
	if len(sld) == 0 { // a public suffix that is denied
		sld = d.Scope
	}
	p := r.accounts.of(sld, d.Client, func() *pair {
		return &pair{sld: split.Text(sld), client: d.Client.String(), standing: r.engine.Standing(sld).String(), score: -1, first: at}
	})
	asked.pair = p
	p.queries++
	p.up += d.Price
	if p.blockedAt.IsZero() {
		if d.Verdict == verdict.Block {
			p.blockedAt, p.ground, p.scope = at, d.Ground.String(), split.Text(d.Scope)
		} else {
			p.leaked++
			p.leakedBytes += len(d.Prefix())
		}
	}
	if p.verdict == verdict.Block {
		return p, nil
	}
	if p.verdict = max(p.verdict, d.Verdict); p.verdict == verdict.Block {
		r.accounts.block(p)
	}
	if d.Scored {
		if !p.scored {
			p.scored, p.score = true, -1
		}
		p.take(d)
	} else if r.every && !p.scored && r.engine.Rescore(d) {
		p.take(d)
	}
	return p, nil
}

// take keeps the decision's score if it is the highest so far, or blocks.
func (p *pair) take(d *detect.Decision) {
	if d.Flagged != nil {
		p.reasons = d.Flagged.Reasons
	} else if d.Score <= p.score {
		return
	}
	p.score, p.features = d.Score, d.Features
}

// asked is a query that waits for its reply.
type asked struct {
	ticket detect.Ticket
	pair   *pair  // nil if it was not judged
	asker  *asker // nil if nobody examines the domain

	observed *observed    // nil unless a forecast is made
	query    *queryReport // nil if nobody wants it
}

// Reply implements capture.Visitor.
func (r *replay) Reply(q *capture.Query, m *dns.Msg) error {
	_, err := r.learn(q, m)
	return err
}

// learn hands a reply to the engine. It returns what the reply brings in.
func (r *replay) learn(q *capture.Query, m *dns.Msg) (price meter.Bits, err error) {
	a := q.Data.(*asked)
	price, ok := r.engine.Reply(a.ticket, m, r.clock.now)
	if !ok && a.query != nil {
		a.query.block(verdict.Budget)
	}
	if p := a.pair; p != nil {
		p.down += price
		if !ok && p.blockedAt.IsZero() {
			p.blockedAt, p.ground, p.scope = r.clock.now, verdict.Budget.String(), p.sld
			r.accounts.block(p)
		}
	}
	return price, nil
}

// report makes the report of a query, and passes on that of the one before: a reply
// that was withheld still has a say in it, if it came before the next query.
func (r *replay) report(q *capture.Query, at time.Time, a *asked) error {
	if err := r.flush(); err != nil {
		return err
	}
	d := &r.decision
	a.query = &queryReport{
		Type: "query", TS: seconds(at), Client: d.Client.String(), Name: q.Name, QType: dns.Type(q.Type).String(), Verdict: d.Verdict.String(),
	}
	if d.Ground != verdict.NoGround {
		a.query.block(d.Ground)
	}
	r.latest = a.query
	return nil
}

// flush passes on the report that waits.
func (r *replay) flush() error {
	if r.latest == nil {
		return nil
	}
	r.failed = r.each(r.latest)
	r.latest = nil
	return r.failed
}

// reported are the pairs that the report names: the blocked ones, or all.
func (r *replay) reported() []*pair {
	found := []*pair{}
	for _, p := range r.accounts.open() {
		if r.reports(p) {
			found = append(found, p)
		}
	}
	return found
}

// reports reports whether the report names the pair, and completes its account.
func (r *replay) reports(p *pair) bool {
	if !r.every && p.verdict != verdict.Block {
		return false
	}
	if p.score = max(p.score, 0); p.reasons == nil {
		p.reasons = r.engine.Reasons(p.features)
	}
	return true
}
