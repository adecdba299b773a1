package detect

import (
	"bytes"
	"fmt"

	"github.com/dustin/go-humanize"

	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/split/psl"
	"github.com/notunnel/notunnel/plugin/standing"
	"github.com/notunnel/notunnel/plugin/subject"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// spend charges a query to its SLD and to its second key, whichever there are, observes it
// in its window if it is to be judged, and rules if one of them has nothing left for it. It
// returns false then. What the meter and the window say of the SLD lies in the scratch.
func (e *Engine) spend(q *Query, d *Decision) bool {
	zone, second := d.SLD(), d.Second()
	if len(second) > 0 && len(second) != len(zone) {
		return e.spendTwice(q, d, second)
	}
	return len(zone) == 0 || e.spendBelow(q, d, zone)
}

// spendTwice is spend for a name with a second key.
func (e *Engine) spendTwice(q *Query, d *Decision, second []byte) bool {
	d.second = subject.Pair(e.config.Key.Sum(second), subject.OfSecond, d.who)
	full := d.Full()
	prefix := full[:max(len(full)-len(second)-1, 0)]
	d.above = e.config.Key.Sum(prefix)
	above := &meter.Query{
		Pair: d.second, Domain: second, Prefix: prefix, Hash: d.above, Type: q.Type,
		Client: &d.Client, Shared: true, At: q.At, Dry: true,
	}
	if o := e.meter.Query(above); o.Cause != meter.Within {
		e.refuse(q, d, above, &o)
		return false
	}
	if zone := d.SLD(); len(zone) > 0 && !e.spendBelow(q, d, zone) {
		return false
	}
	above.Dry = false
	d.Price = max(d.Price, e.meter.Query(above).Price)
	return true
}

// spendBelow is spend for the SLD.
func (e *Engine) spendBelow(q *Query, d *Decision, zone []byte) bool {
	m := meter.Query{
		Pair: d.pair, Domain: zone, Prefix: d.Prefix(), Hash: d.hash, Type: q.Type, Client: &d.Client, At: q.At,
	}
	e.charge(q, d, &m)
	o := &d.scratch.outcome
	if d.Up, d.Down = o.Up, o.Down; o.Cause != meter.Within {
		e.refuse(q, d, &m, o)
		return false
	}
	d.Price = o.Price
	return true
}

// charge charges a query to its pair, and observes it in its window if it may pass and is to
// be judged.
func (e *Engine) charge(q *Query, d *Decision, m *meter.Query) {
	p := e.pairs.lock(d.pair, d.place, q.At)
	defer p.Unlock()
	if p.place != d.place { // a new name, or its pair has gone and come again
		d.place = p.place
		e.names.remember(d.key, &d.Name, &d.known)
	}
	s := &d.scratch
	e.meter.Charge(&p.account, &p.rests, m, &s.outcome)
	if s.outcome.Cause == meter.Within && d.Why == Judged {
		e.observe(q, d, &p)
	}
}

// refuse rules on a query that would exceed a limit, and records that.
func (e *Engine) refuse(q *Query, d *Decision, m *meter.Query, o *meter.Outcome) {
	ground, scope := groundOf(o.Cause), m.Domain
	if !m.Shared {
		scope = e.subtree(d)
	}
	d.Up, d.Down = o.Up, o.Down
	d.Ruling = e.rules.On(&verdict.Case{Over: ground, Scope: scope})
	e.raise(q, d, m.Pair, flags.Flag{Ground: ground, Reasons: []flags.Reason{{Text: e.overspent(o)}}}, e.pairs.passed(d.pair))
}

// groundOf is the ground of what a limit refuses.
func groundOf(c meter.Cause) verdict.Ground {
	if c == meter.ClientAll {
		return verdict.ClientBudget
	}
	return verdict.Budget
}

// overspent says in words which limit a query would have exceeded.
func (e *Engine) overspent(o *meter.Outcome) string {
	switch o.Cause {
	case meter.UpNew:
		return fmt.Sprintf("%s of information in names new to this client in 24 h; new names are refused from %s on, all from %s",
			size(o.Up), size(o.Limit/2), size(o.Limit))
	case meter.UpAll:
		return fmt.Sprintf("%s of information went out to this domain in 24 h; all names are refused from %s on", size(o.Up), size(o.Limit))
	case meter.DownAll:
		return fmt.Sprintf("%s of information came in from this domain in 24 h; its names are refused from %s on", size(o.Down), size(o.Limit))
	}
	return fmt.Sprintf("%s of information went out to unknown domains in 24 h, beyond %s for each", size(o.Limit), size(meter.Free))
}

func size(b meter.Bits) string { return humanize.IBytes(b.Bytes()) }

// subtree is what a block covers: an unknown SLD as a whole, of one that many people
// use only the part that nearly all information goes below, if there is one.
func (e *Engine) subtree(d *Decision) []byte {
	sld := d.SLD()
	if e.Standing(sld) == standing.Unknown {
		return sld
	}
	prefix := d.Prefix()
	for range e.pairs.subtree(d.pair, prefix) {
		prefix = prefix[:max(bytes.LastIndexByte(prefix, '.'), 0)]
	}
	full := d.Full()
	if len(prefix) == 0 {
		return full
	}
	return full[len(prefix)+1:]
}

// factor is what the budget of an SLD is multiplied by.
func (e *Engine) factor(sld []byte) uint8 {
	switch e.Standing(sld) {
	case standing.Popular:
		return meter.SharedFactor
	case standing.Listed:
		return listedFactor
	}
	return 1
}

const listedFactor = 4

// domains are the popular ones, as a search suffix is put behind them.
type domains struct{ e *Engine }

// Popular implements meter.Domains.
func (d domains) Popular(name []byte) (start, count int, ok bool) {
	suffix := psl.Of(name)
	if suffix.Start == 0 {
		return 0, 0, false
	}
	start = bytes.LastIndexByte(name[:suffix.Start-1], '.') + 1
	list := d.e.standing.Load()
	if list.Of(name[start:]) != standing.Popular {
		return 0, 0, false
	}
	count, _ = list.Len()
	return start, count, true
}
