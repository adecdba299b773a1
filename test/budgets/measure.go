package main

import (
	"cmp"
	"slices"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/cmd/notunnel/capture"
	"github.com/notunnel/notunnel/model"
	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/keyhash"
	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/split"
	"github.com/notunnel/notunnel/plugin/standing"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// tries are the budgets that are tried, the default among them.
var tries = []struct {
	name   string
	limits []string
}{
	{"1KiB 8KiB", []string{"1KiB", "8KiB"}},
	{"4KiB 16KiB", []string{"4KiB", "16KiB"}},
	{"16KiB 64KiB", []string{"16KiB", "64KiB"}},
	{"default", []string{"256KiB", "64KiB"}},
	{"default 1KiB", []string{"256KiB", "64KiB", "1KiB"}},
	{"default 64KiB", []string{"256KiB", "64KiB", "64KiB"}},
}

const byDefault = 3

// result is what was measured of a log.
type result struct {
	log
	clients, queries, slds int
	up, down               meter.Peak // of the pairs that come nearest to a limit
	client                 meter.Bits // the largest sum of one client
	tightest               meter.Limits
	refused                []blocked // by each of tries
	model                  blocked   // by the models, as shipped, at the default budget
}

// blocked is what was answered instead of resolved.
type blocked struct {
	queries int
	pairs   map[pair]bool
}

type pair struct{ scope, client string }

func (b *blocked) add(d *detect.Decision, scope []byte) {
	b.queries++
	if b.pairs == nil {
		b.pairs = map[pair]bool{}
	}
	b.pairs[pair{split.Text(scope), d.Client.String()}] = true
}

// domains are those that pairs were blocked below.
func (b *blocked) domains() (all []string) {
	for p := range b.pairs {
		all = append(all, p.scope)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// engine makes an engine as the default configuration has it, but for the budget.
// Without the forest nothing but budgets blocks.
func engine(limits meter.Limits, forest bool, watch func(meter.Passed)) (*detect.Engine, error) {
	models, err := model.Embedded()
	if err != nil {
		return nil, err
	}
	if !forest {
		without := *models
		without.Forest = nil
		models = &without
	}
	config := detect.Default()
	// Any key would do; this one gives the same figures each time.
	config.Models, config.Budget, config.Metered, config.Key = models, limits, watch, keyhash.Key{1}
	config.Standing, config.Allow = standing.Shipped(), verdict.Shipped()
	return detect.New(config, nil)
}

// measure reads a log twice: without limits, to see what passes and what the models
// block, and under those budgets that refuse something of that.
func measure(l log) (*result, error) {
	peaks := meter.NewPeaks()
	free, err := engine(meter.Limits{}, false, peaks.Watch)
	if err != nil {
		return nil, err
	}
	judging, err := engine(detect.Default().Budget, true, nil)
	if err != nil {
		return nil, err
	}
	first := &replay{slds: map[string]bool{}, clients: map[string]bool{}}
	first.add(free)
	judge := first.add(judging)
	if err := first.read(l.path); err != nil {
		return nil, err
	}
	r := &result{
		log: l, clients: len(first.clients), queries: first.queries, slds: len(first.slds),
		tightest: peaks.Tightest(), model: judge.model, refused: make([]blocked, len(tries)),
	}
	for _, p := range peaks.Pairs {
		r.up, r.down = nearer(r.up, *p, demand), nearer(r.down, *p, brought)
	}
	for _, up := range peaks.Clients {
		r.client = max(r.client, up)
	}
	return r, r.try(peaks)
}

// nearer is the pair that comes nearer to a limit, the same one in any order of pairs.
func nearer(a, b meter.Peak, by func(*meter.Peak) meter.Bits) meter.Peak {
	if cmp.Or(cmp.Compare(by(&a), by(&b)), cmp.Compare(a.Up, b.Up), cmp.Compare(a.Domain, b.Domain), cmp.Compare(a.Client, b.Client)) < 0 {
		return b
	}
	return a
}

// demand is the least Up that refuses nothing of the pair.
func demand(p *meter.Peak) meter.Bits {
	return max(p.Up, 2*p.New) / meter.Bits(max(p.Factor, 1))
}

// brought is the same of Down, but for a bit.
func brought(p *meter.Peak) meter.Bits { return p.Down / meter.Bits(max(p.Factor, 1)) }

// try reads the log under the budgets that refuse something of what passed without.
func (r *result) try(peaks *meter.Peaks) error {
	second := &replay{}
	tried := map[int]*judge{}
	for i, t := range tries {
		limits, err := meter.ParseLimits(t.limits)
		if err != nil {
			return err
		}
		if pairs, clients := peaks.Over(limits); pairs+clients == 0 {
			continue
		}
		e, err := engine(limits, false, nil)
		if err != nil {
			return err
		}
		tried[i] = second.add(e)
	}
	if len(tried) == 0 {
		return nil
	}
	if err := second.read(r.path); err != nil {
		return err
	}
	for i, j := range tried {
		r.refused[i] = j.budget
	}
	return nil
}

// judge is an engine and what it blocked.
type judge struct {
	engine        *detect.Engine
	decision      detect.Decision
	budget, model blocked
}

// replay passes a log through engines.
type replay struct {
	judges        []*judge
	now           time.Time
	queries       int
	slds, clients map[string]bool // nil if nobody wants them
}

func (r *replay) add(e *detect.Engine) *judge {
	j := &judge{engine: e}
	r.judges = append(r.judges, j)
	return j
}

func (r *replay) read(path string) error {
	_, err := capture.Read(path, r)
	return err
}

// Query implements capture.Visitor.
func (r *replay) Query(q *capture.Query) error {
	if r.now.Before(q.At) {
		r.now = q.At
	}
	r.queries++
	tickets := make([]detect.Ticket, len(r.judges))
	for i, j := range r.judges {
		d := &j.decision
		j.engine.Query(detect.Query{Name: q.Name, Type: q.Type, Client: q.Client, Source: "log", At: r.now}, d)
		tickets[i] = d.Ticket
		switch d.Ground {
		case verdict.Budget, verdict.ClientBudget:
			j.budget.add(d, d.Scope)
		case verdict.Model:
			j.model.add(d, d.SLD())
		}
	}
	if r.slds != nil {
		d := &r.judges[0].decision
		r.slds[string(d.SLD())], r.clients[d.Client.String()] = true, true
	}
	q.Data = tickets
	return nil
}

// Reply implements capture.Visitor. It comes right after its query.
func (r *replay) Reply(q *capture.Query, m *dns.Msg) error {
	for i, ticket := range q.Data.([]detect.Ticket) {
		j := r.judges[i]
		if _, ok := j.engine.Reply(ticket, m, r.now); !ok {
			j.budget.add(&j.decision, j.decision.SLD())
		}
	}
	return nil
}
