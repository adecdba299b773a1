package main

import (
	"path/filepath"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/cmd/notunnel/capture"
	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/split"
	"github.com/notunnel/notunnel/plugin/subject"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// replay passes recorded traffic through an engine as if it were blocking, and
// keeps what became of every pair of SLD and client.
type replay struct {
	engine *detect.Engine
	every  bool // every pair is wanted, also those too small for a score
	source string
	clock  clock

	decision detect.Decision

	slds      map[string]bool // of every name that has one, judged or not
	clients   map[subject.Client]bool
	pairs     map[pairKey]*pair
	order     []*pair
	queries   int
	nameless  capture.Count // of this file: queries whose name is none
	malformed int
	truncated int
}

// pairKey is an SLD and a client.
type pairKey struct {
	sld    string
	client subject.Client
}

// pair is an SLD and a client, and what the engine said of them.
type pair struct {
	sld, client string
	verdict     verdict.Verdict // the severest so far
	scored      bool            // by the engine of its own accord
	score       float64
	features    feature.Vector
	reasons     []string
	ground      string // of the first block, "" until then
	scope       string
	first       time.Time
	blockedAt   time.Time // zero until then
	queries     int
	leaked      int // queries before the first that was blocked
	leakedBytes int // prefix bytes of those
}

func newReplay(e *detect.Engine, every bool) *replay {
	return &replay{engine: e, every: every, slds: map[string]bool{}, clients: map[subject.Client]bool{}, pairs: map[pairKey]*pair{}}
}

// open begins a file. Clients that it does not name are one, called after it.
func (r *replay) open(path string) {
	r.source, r.nameless = "file:"+filepath.Base(path), capture.Count{}
}

// Query implements capture.Visitor.
func (r *replay) Query(q *capture.Query) error {
	_, err := r.judge(q)
	return err
}

// judge asks the engine. It returns the pair that was judged, nil if none was.
func (r *replay) judge(q *capture.Query) (*pair, error) {
	r.queries++
	d, at := &r.decision, r.clock.at(q.At)
	r.engine.Query(detect.Query{Name: q.Name, Type: q.Type, Client: q.Client, Source: r.source, At: at}, d)
	q.Data = d.Ticket
	r.clients[d.Client] = true
	if len(d.SLD()) > 0 {
		r.slds[string(d.SLD())] = true
	}
	if d.Why == detect.Malformed {
		r.nameless.Add("%q", q.Name)
	}
	if d.Why != detect.Judged {
		return nil, nil
	}
	p := r.pair(at)
	p.queries++
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
	p.verdict = max(p.verdict, d.Verdict)
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

// Reply implements capture.Visitor.
func (r *replay) Reply(q *capture.Query, m *dns.Msg) error {
	r.engine.Reply(q.Data.(detect.Ticket), m)
	return nil
}

// pair is that of the decision.
func (r *replay) pair(at time.Time) *pair {
	d := &r.decision
	key := pairKey{string(d.SLD()), d.Client}
	p := r.pairs[key]
	if p == nil {
		p = &pair{sld: split.Text(d.SLD()), client: d.Client.String(), score: -1, first: at}
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
