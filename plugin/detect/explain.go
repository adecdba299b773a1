package detect

import (
	"cmp"
	"fmt"

	"github.com/notunnel/notunnel/model"
	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/split"
	"github.com/notunnel/notunnel/plugin/standing"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// Explanation is all that an engine knows of a name and a client.
type Explanation struct {
	Decision                 // as Identify fills it in; with a score if there is a window, and what passed
	Because   string         // why it is not judged, or blocked by a list, in words; "" of what is judged
	Now       verdict.Ruling // on the query, if it came now
	Standing  standing.Standing
	Threshold float64
	Reasons   []flags.Reason // of the ruling, or of the score
	Limits    meter.Limits
	Flag      *flags.Flag // in force, nil if there is none
}

// Explain tells what the engine knows of a query's name and client, and what it would say
// of the query but for what the models would find in it. It records nothing.
func (e *Engine) Explain(q Query, x *Explanation) {
	e.Begin(&q, &x.Decision)
	e.identify(&q, &x.Decision)
	x.Standing, x.Threshold = e.Standing(x.SLD()), e.threshold(x.SLD())
	x.Limits = e.Limits(x.SLD())
	x.Because = e.because(&q, &x.Decision)
	switch x.Why {
	case Denied:
		e.block(&x.Decision)
		x.Now = x.Ruling
		return
	case Judged, Reverse:
	default:
		return
	}
	x.Up, x.Down = e.pairs.spent(x.pair, q.At)
	if e.Rescore(&x.Decision) {
		x.Reasons = e.Reasons(x.Features)
		if x.Score >= x.Threshold {
			x.Now = verdict.Ruling{Verdict: verdict.Watch}
		}
	}
	if o, ok := e.pairs.would(meter.Query{
		Pair: x.pair, Domain: x.SLD(), Prefix: x.Prefix(), Hash: x.hash, Type: q.Type,
		Client: &x.Client, At: q.At,
	}); ok && o.Cause != meter.Within {
		x.Reasons = []flags.Reason{{Text: e.overspent(&o)}}
		x.Now = e.rules.On(&verdict.Case{Over: groundOf(o.Cause), Scope: e.subtree(&x.Decision)})
	}
	if f, ok := e.flags.Find(&x.Subject, q.At); ok {
		x.Flag = &f
		if !f.Ground.Metered() { // a record blocks nothing
			x.Reasons = f.Reasons
			x.Now = e.rules.On(&verdict.Case{Flagged: f.Ground, Scope: []byte(f.Scope)})
		}
	}
}

// because says in words why a query is not judged, or by what it is denied.
func (e *Engine) because(q *Query, d *Decision) string {
	switch d.Why {
	case NoSLD:
		return "it has no SLD: a single label, or a public suffix"
	case Local:
		return "it is a special-use name, or in the reverse zone of a private network: no server on the Internet is asked for it"
	case Reverse:
		return "it is nothing but an address: what it says is metered, how it looks is not judged"
	case Malformed:
		return "it is no name of the DNS"
	case Exempt:
		return fmt.Sprintf("%s is exempt", q.Client.Unmap())
	case Allowed:
		return e.allowedBy(q, d)
	case Denied:
		if _, listed := e.deny.Load().Covers(d.Full()); !listed {
			return fmt.Sprintf("a person confirmed %s for everyone", split.Text(d.Scope))
		}
		return fmt.Sprintf("%s is on the deny list", split.Text(d.Scope))
	}
	return ""
}

// allowedBy says what allows a query.
func (e *Engine) allowedBy(q *Query, d *Decision) string {
	name := d.Full()
	if entry, reason, ok := e.allow.Load().Entry(name); ok {
		return fmt.Sprintf("%s is on the allow list: %s", split.Text([]byte(entry)), cmp.Or(reason, "no reason is given"))
	}
	for _, a := range e.Allowances(q.At) {
		if a.Within(string(name), &d.Client) {
			return fmt.Sprintf("a person allowed %s: %s", split.Text([]byte(a.Domain)), cmp.Or(a.Reason, "no reason is given"))
		}
	}
	return "a response policy zone exempts it"
}

// Limits are those of an SLD; that of clients is for unknown ones alone.
func (e *Engine) Limits(sld []byte) meter.Limits {
	l, factor := e.config.Budget, e.factor(sld)
	if factor > 1 {
		l.Client = 0
	}
	l.Up, l.Down = l.Up.Times(factor), l.Down.Times(factor)
	return l
}

// Budget is that of unknown SLDs.
func (e *Engine) Budget() meter.Limits { return e.config.Budget }

// HeldOut is how the models fared on benign pairs.
func (e *Engine) HeldOut() model.HeldOut { return e.config.Models.HeldOut }

// Quarters is how many quarters of a budget the pair of a decision has spent, of that which
// it has spent most of.
func (e *Engine) Quarters(d *Decision) int {
	l := e.config.Budget
	if quarters(d.Up, l.Up) == 0 && quarters(d.Down, l.Down) == 0 { // nearly always
		return 0
	}
	l = e.Limits(d.SLD())
	return max(quarters(d.Up, l.Up), quarters(d.Down, l.Down))
}

func quarters(spent, limit meter.Bits) int {
	if limit == 0 {
		return 0
	}
	return int(min(4*uint64(spent)/uint64(limit), 4))
}
