package main

import (
	"path/filepath"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/cmd/notunnel/capture"
	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/split"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// replay passes recorded traffic through an engine as if it were blocking, and
// keeps what became of every pair of SLD and client.
type replay struct {
	engine *detect.Engine
	every  bool // every pair is wanted, also those too small for a score
	source string
	clock  clock
	name   split.Name

	slds      map[string]bool // of every name that has one, judged or not
	clients   map[string]bool
	pairs     map[[2]string]*pair
	order     []*pair
	queries   int
	malformed int
	truncated int
}

// pair is an SLD and a client, and what the engine said of them.
type pair struct {
	sld, client string
	verdict     verdict.Verdict // the severest so far
	scored      bool            // by the engine of its own accord
	score       float64
	features    feature.Vector
	reasons     []string
	first       time.Time
	blockedAt   time.Time // zero until then
	queries     int
	leaked      int // queries before the first that was blocked
	leakedBytes int // prefix bytes of those
}

func newReplay(e *detect.Engine, every bool) *replay {
	return &replay{engine: e, every: every, slds: map[string]bool{}, clients: map[string]bool{}, pairs: map[[2]string]*pair{}}
}

// open begins a file. Clients that it does not name are one, called after it.
func (r *replay) open(path string) { r.source = "file:" + filepath.Base(path) }

// Query implements capture.Visitor.
func (r *replay) Query(q *capture.Query) error {
	r.queries++
	dq := detect.Query{Name: q.Name, Type: q.Type, Client: q.Client, Source: r.source, At: r.clock.at(q.At)}
	d := r.engine.Query(dq)
	q.Data = d.Ticket
	client := r.engine.ClientName(q.Client, r.source)
	r.clients[client] = true
	if r.name.Parse(q.Name) == split.NoSLD {
		return nil
	}
	sld := string(r.name.SLD())
	r.slds[sld] = true
	if d.Why != detect.Judged {
		return nil
	}
	p := r.pair(sld, client, dq.At)
	p.queries++
	if p.blockedAt.IsZero() {
		if d.Verdict == verdict.Block {
			p.blockedAt = dq.At
		} else {
			p.leaked++
			p.leakedBytes += len(r.name.Prefix())
		}
	}
	if p.verdict == verdict.Block {
		return nil
	}
	p.verdict = max(p.verdict, d.Verdict)
	if r.every && !d.Scored && !p.scored {
		if d, ok := r.engine.Score(dq); ok {
			p.take(d)
		}
	}
	if d.Scored {
		if !p.scored {
			p.scored, p.score = true, -1
		}
		p.take(d)
	}
	return nil
}

// take keeps the decision's score if it is the highest so far, or blocks.
func (p *pair) take(d detect.Decision) {
	if d.Flagged != nil {
		p.reasons = d.Flagged.Reasons
	} else if d.Score <= p.score {
		return
	}
	p.score, p.features = d.Score, d.Features
}

// Reply implements capture.Visitor.
func (r *replay) Reply(q *capture.Query, m *dns.Msg) error {
	r.engine.Reply(q.Data.(detect.Ticket), m)
	return nil
}

func (r *replay) pair(sld, client string, at time.Time) *pair {
	key := [2]string{sld, client}
	p := r.pairs[key]
	if p == nil {
		p = &pair{sld: detect.Escape([]byte(sld)), client: client, score: -1, first: at}
		r.pairs[key] = p
		r.order = append(r.order, p)
	}
	return p
}

// reported are the pairs that the report names: the blocked ones, or all.
func (r *replay) reported() []*pair {
	found := []*pair{}
	for _, p := range r.order {
		if !r.every && p.verdict != verdict.Block {
			continue
		}
		if p.score = max(p.score, 0); p.reasons == nil {
			p.reasons = r.engine.Reasons(p.features)
		}
		found = append(found, p)
	}
	return found
}
