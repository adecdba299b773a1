package detect

import (
	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/standing"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// Explanation is all that an engine knows of a name and a client.
type Explanation struct {
	Decision                 // as Identify fills it in; with a score if there is a window, and what passed
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
	e.identify(&q, &x.Decision)
	x.Standing, x.Threshold = e.Standing(x.SLD()), e.threshold(x.SLD())
	x.Limits = e.Limits(x.SLD())
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
		Pair: x.pair, Domain: x.SLD(), Prefix: x.Prefix(), Hash: e.config.Key.Sum(x.Prefix()), Type: q.Type,
		Client: &x.Client, Room: x.scratch.key[:], At: q.At,
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

// Limits are those of an SLD; that of clients is for unknown ones alone.
func (e *Engine) Limits(sld []byte) meter.Limits {
	l, factor := e.config.Budget, e.factor(sld)
	if factor > 1 {
		l.Client = 0
	}
	l.Up, l.Down = l.Up.Times(factor), l.Down.Times(factor)
	return l
}

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
