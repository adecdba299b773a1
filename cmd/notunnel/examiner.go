package main

import (
	"bytes"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/cmd/notunnel/capture"
	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/split"
	"github.com/notunnel/notunnel/plugin/subject"
)

// examiner is a replay that watches one domain.
type examiner struct {
	*replay
	domain []byte // the SLD of the name, or the name itself if it has none
	askers map[subject.Client]*asker
	asked  int // queries
	more   int // clients that there was no room for
}

// mostAskers is how many clients are kept.
const mostAskers = 1 << 14

// asker is a client that asks below the domain.
type asker struct {
	client      subject.Client
	first, last time.Time
	queries     int
	bytes       int // of prefixes
	up, down    meter.Bits
	names       flags.Samples
	domain      []byte
	pair        *pair // nil unless it was judged or denied
}

func newExaminer(r *replay, name string) *examiner {
	var n split.Name
	n.Parse(name)
	domain := n.SLD()
	if len(domain) == 0 {
		domain = n.Full()
	}
	return &examiner{replay: r, domain: bytes.Clone(domain), askers: map[subject.Client]*asker{}}
}

// Query implements capture.Visitor.
func (x *examiner) Query(q *capture.Query) error {
	p, err := x.judge(q)
	if err != nil {
		return err
	}
	d := &x.decision
	name := d.Full()
	rest := len(name) - len(x.domain)
	if rest < 0 || !bytes.Equal(name[rest:], x.domain) || rest > 0 && len(x.domain) > 0 && name[rest-1] != '.' {
		return nil
	}
	x.asked++
	a := x.askers[d.Client]
	if a == nil {
		if len(x.askers) == mostAskers {
			x.more++
			return nil
		}
		a = &asker{client: d.Client, first: x.clock.now, domain: x.domain}
		x.askers[d.Client] = a
	}
	a.last = x.clock.now
	a.queries++
	prefix := name[:max(rest-1, 0)]
	a.bytes += len(prefix)
	a.up += d.Price
	a.names.Add(prefix)
	if p != nil {
		a.pair = p
	}
	q.Data.(*asked).asker = a
	return nil
}

// Reply implements capture.Visitor.
func (x *examiner) Reply(q *capture.Query, m *dns.Msg) error {
	price, err := x.learn(q, m)
	if a := q.Data.(*asked).asker; a != nil {
		a.down += price
	}
	return err
}

// seen is what became of a client's queries below the domain.
type seen struct {
	First         *time.Time     `json:"first"`
	Last          *time.Time     `json:"last"`
	Queries       int            `json:"queries"`
	PrefixBytes   int            `json:"prefix_bytes"`
	UpBytes       uint64         `json:"up_bytes"` // information, in all
	DownBytes     uint64         `json:"down_bytes"`
	Names         []string       `json:"names"`
	Verdict       string         `json:"verdict"` // the severest
	Ground        *string        `json:"ground"`  // null unless blocked
	BlockedAt     *time.Time     `json:"blocked_at"`
	LeakedQueries int            `json:"leaked_queries"`
	LeakedBytes   int            `json:"leaked_bytes"`
	Score         float64        `json:"score"` // the highest, or that of the block
	Base          *float64       `json:"base"`
	Features      []flags.Reason `json:"features"` // that score's; null without one
}

func (a *asker) seen(e *detect.Engine) *seen {
	s := &seen{
		First: atOrNil(a.first), Last: atOrNil(a.last), Queries: a.queries, PrefixBytes: a.bytes,
		UpBytes: a.up.Bytes(), DownBytes: a.down.Bytes(), Names: a.names.Names(string(a.domain)), Verdict: a.verdict().String(),
	}
	p := a.pair
	if p == nil {
		return s
	}
	s.LeakedQueries, s.LeakedBytes, s.Score = p.leaked, p.leakedBytes, max(p.score, 0)
	if !p.blockedAt.IsZero() {
		s.Ground, s.BlockedAt = &p.ground, atOrNil(p.blockedAt)
	}
	if p.scored && p.features != (detect.Decision{}).Features {
		var base float64
		s.Features, base = e.Weights(p.features)
		s.Base = &base
	}
	return s
}
