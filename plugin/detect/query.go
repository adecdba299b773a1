package detect

import (
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/model/forest"
	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/subject"
	"github.com/notunnel/notunnel/plugin/verdict"
	"github.com/notunnel/notunnel/plugin/window"
	"github.com/notunnel/notunnel/segment"
)

// Query is a question as the engine sees it.
type Query struct {
	Name   string // presentation form, any case
	Type   uint16
	Client netip.Addr // invalid if unknown; of a subnet, its first
	ID     subject.ID // who asks behind the client, if that says it
	Source string     // stands for an unknown client
	At     time.Time
}

// Query decides on a query, itself included in the evidence. It is Begin, Know and Decide
// in one.
func (e *Engine) Query(q Query, d *Decision) {
	e.Begin(&q, d)
	if e.Know(&q, d) {
		e.Decide(&q, d)
	}
}

// Begin begins a decision: it reads name and client. Each of the three steps leaves
// something on its way from memory that the next one needs, so that other things can be
// done meanwhile.
func (e *Engine) Begin(q *Query, d *Decision) {
	if q.ID.Kind != subject.NoID {
		e.networks.Behind(&d.Client, q.Client, &q.ID)
	} else {
		e.networks.Identify(&d.Client, q.Client, q.Source)
	}
	d.who = d.Client.Hash(&e.config.Key)
	d.named = d.Read(q.Name)
	d.key = e.names.key(d.Full(), d.who)
	e.names.ahead(d.key)
	d.Ruling, d.Scored, d.Flagged, d.Ticket = verdict.Ruling{}, false, nil, Ticket{}
	d.Beside, d.Price, d.Up, d.Down, d.second, d.Cited = nil, 0, 0, 0, 0, flags.Cited{}
}

// Know finds out whom and what the query is about. It returns false if there is nothing to
// decide.
func (e *Engine) Know(q *Query, d *Decision) bool {
	e.identify(q, d)
	switch {
	case d.Why == NoSLD || d.Why == Denied:
	case d.Why != Judged && d.Why != Reverse:
		return false
	case d.place == 0:
		e.pairs.table.Ahead(d.pair)
		e.meter.Ahead(d.pair, d.hash)
	default:
		e.pairs.table.Near(d.pair, int(d.place-1), usualLines)
		e.meter.Ahead(d.pair, d.hash)
	}
	return true
}

// usualLines are the lines of a pair that most queries need: the others are for what is new.
const usualLines = 3

// Decide decides on a query that is known.
func (e *Engine) Decide(q *Query, d *Decision) {
	switch d.Why {
	case Judged:
		e.judge(q, d)
	case Reverse, NoSLD:
		e.meterOnly(q, d)
	case Denied:
		e.block(d)
	}
}

// Identify says only what Query would have to say of the subject and why it is
// judged or not. It charges and observes nothing.
func (e *Engine) Identify(q Query, d *Decision) {
	e.Begin(&q, d)
	e.identify(&q, d)
}

// identify fills in the subject of a decision that has begun.
func (e *Engine) identify(q *Query, d *Decision) {
	d.remembered = d.named && e.names.find(d.key, &d.Name, &d.known)
	switch {
	case d.remembered:
	case d.named:
		e.know(&d.Subject, d.who, &d.known)
	default:
		d.known = known{about: Malformed}
	}
	switch d.Why = d.about; {
	case e.exempt(q):
		d.Why = Exempt
	case d.Why != Allowed && e.orders.allow(q, d):
		d.Why = Allowed
	case d.Why == Denied:
		d.Scope = d.Full()[d.scope:]
	}
	// Others are remembered when it is known where their pair is, and what is no name is
	// not in canonical form.
	if !d.remembered && d.Why != Judged && d.Why != Reverse && d.about != Malformed {
		e.names.remember(d.key, &d.Name, &d.known)
	}
}

// judge asks for a flag, charges the query, observes it in its window if it may pass,
// scores that if it is due, and rules.
func (e *Engine) judge(q *Query, d *Decision) {
	if e.flags.Len() > 0 {
		if hit, ok := e.flags.Hit(d.pair, &d.Subject, q.At); ok {
			if !d.remembered {
				e.names.remember(d.key, &d.Name, &d.known)
			}
			d.Ruling, d.Cited = e.rules.On(&verdict.Case{Flagged: hit.Ground, Scope: hit.Scope}), hit.Cited
			return
		}
	}
	if !e.spend(q, d) {
		return
	}
	s := &d.scratch
	o := &s.outcome
	if s.window.Worth && e.score(d) {
		d.Ruling = e.rules.On(&verdict.Case{
			Scope: d.SLD(), Scored: true, Score: d.Score, Threshold: e.threshold(d.SLD()),
			Evidence: verdict.Evidence{Events: s.summary.Acts(), Information: o.Up.Bytes() + o.Down.Bytes()},
		})
		if d.Verdict == verdict.Block {
			d.Scope = e.subtree(d)
			e.flag(q, d, s.window)
			return
		}
		e.pairs.scored(d.pair, s.window, float32(d.Score))
	}
	d.Ticket = Ticket{pair: d.pair, place: d.place, second: d.second, prefix: d.hash, above: d.above, qtype: q.Type, judged: true}
	if o.Kind == meter.Fresh && e.joins(d, o) {
		e.join(q, d)
	}
}

// meterOnly charges a query whose looks say nothing.
func (e *Engine) meterOnly(q *Query, d *Decision) {
	if len(d.SLD()) == 0 && len(d.Second()) == 0 {
		return
	}
	if e.spend(q, d) {
		d.Ticket = Ticket{second: d.second, prefix: d.hash, above: d.above, qtype: q.Type}
		if len(d.SLD()) > 0 {
			d.Ticket.pair, d.Ticket.place = d.pair, d.place
		}
	}
}

// observe records the query, which the meter has charged, in its window.
func (e *Engine) observe(q *Query, d *Decision, p *locked) {
	s, o, prefix, at := &d.scratch, &d.scratch.outcome, d.Prefix(), window.TickOf(q.At)
	if e.windows.Again(&p.window, d.hash, at, len(prefix)) {
		s.window.Worth = false
		return
	}
	s.query.Prefix, s.query.Hash, s.query.At = prefix, d.hash, at
	if s.query.Fresh = o.Kind == meter.Fresh; s.query.Fresh {
		s.query.Known, s.query.Bits = o.Held, o.Price.Whole()
	}
	var sum *feature.Summary // nil: nobody will score it
	if e.scores {
		sum = &s.summary
	}
	s.window = e.windows.Observe(&p.window, &p.panes, &s.query, sum)
}

// flag raises a flag for a query that the window has taken in but that does not leave,
// and then lets the window go: a block ends in a fresh one. What the query was charged
// stays: it is one a flag, and makes the sum no smaller than what left.
func (e *Engine) flag(q *Query, d *Decision, out window.Outcome) {
	e.raiseLast(q, d, flags.Flag{
		Ground: d.Ground, Score: d.Score, Reasons: e.Reasons(d.Features),
	}, out.Passed)
	e.pairs.forget(d.pair)
}

// raiseLast is raise for a query that has been charged and observed: what the flag says
// has passed is without it.
func (e *Engine) raiseLast(q *Query, d *Decision, f flags.Flag, passed window.Passed) {
	passed.Bytes -= min(passed.Bytes, uint32(len(d.Prefix())))
	d.Up, d.Price = d.Up-min(d.Up, d.Price), 0
	e.raise(q, d, d.pair, f, passed)
}

// raise raises a flag for the pair, and fills in what all flags have.
func (e *Engine) raise(q *Query, d *Decision, pair uint64, f flags.Flag, passed window.Passed) {
	f.UpBytes, f.DownBytes = d.Up.Bytes(), d.Down.Bytes()
	leaked(&f, passed, q.At)
	raised, ok := e.flags.Raise(pair, &d.Subject, d.Scope, f, q.At)
	if ok {
		d.Flagged = &raised
	}
	d.Cited = flags.Cited{ID: raised.ID, Reasons: raised.Reasons}
}

// leaked fills in what had passed when a flag was raised.
func leaked(f *flags.Flag, passed window.Passed, at time.Time) {
	f.Queries, f.LeakedBytes = uint64(passed.Queries), uint64(passed.Bytes)
	if passed.Queries > 0 {
		f.First = passed.First.Time(at)
	}
}

// measure takes the measures that only the bytes of what is new can give.
func (e *Engine) measure(text []byte) (m window.Measures) {
	m.Text, m.Bits = feature.Measure(text), e.code.Name(text).Whole()
	begin := e.begin(&e.measured)
	m.Segments = segment.Count(text)
	begin = e.end(Segmentation, begin)
	m.Loss = e.config.Models.Autoencoder.Loss(text)
	e.end(Autoencoder, begin)
	return m
}

// score asks the forest for the score of the summary. It returns false, and
// counts, if there is no answer.
func (e *Engine) score(d *Decision) bool {
	d.Features = d.scratch.summary.Vector()
	d.Score, d.Scored = e.ask(e.config.Models.Forest, d.Features[:], d)
	return d.Scored
}

// ask asks a forest. It returns false, and counts, if there is no answer.
func (e *Engine) ask(f *forest.Forest, v []float32, d *Decision) (score float64, ok bool) {
	begin := e.begin(&e.scored)
	p, err := f.Probability(v)
	e.end(Forest, begin)
	if err != nil {
		if e.config.Watcher != nil {
			e.config.Watcher.Fault(Forest)
		}
		return 0, false
	}
	return float64(p), true
}

// Rescore scores the window of the decision's subject as it stands, due or not. It
// records nothing, and returns false if there is no score.
func (e *Engine) Rescore(d *Decision) bool {
	_, ok := e.Summary(d)
	return ok && e.score(d)
}

// Summary takes the sums of the window of the decision's subject as they stand. It
// returns false if there is none.
func (e *Engine) Summary(d *Decision) (sum *feature.Summary, ok bool) {
	sum = &d.scratch.summary
	*sum = feature.Summary{}
	return sum, d.Why == Judged && e.pairs.summary(d.pair, e.windows, sum)
}

func (e *Engine) exempt(q *Query) bool {
	if len(e.config.Exempt) == 0 || !q.Client.IsValid() {
		return false
	}
	from := q.from()
	for _, p := range e.config.Exempt {
		if p.Bits() <= from.Bits() && p.Contains(from.Addr()) {
			return true
		}
	}
	return false
}

// from is where the query comes from: an address, or as much of it as is known.
func (q *Query) from() netip.Prefix {
	addr := q.Client.Unmap().WithZone("")
	bits := addr.BitLen()
	if q.ID.Kind == subject.Subnet {
		bits = min(bits, int(q.ID.Bits))
	}
	return netip.PrefixFrom(addr, bits)
}

// timedEvery is how many inferences there are to one that is timed: clock and
// histogram take as long as a short prefix does.
const timedEvery = 64

// begin and end time a stage, if somebody counts and the count says so. begin
// returns the zero time if not. end returns the moment it was called, where the
// next stage may begin.
func (e *Engine) begin(count *atomic.Uint32) (t time.Time) {
	if e.config.Watcher != nil && count.Add(1)%timedEvery == 1 {
		t = time.Now()
	}
	return t
}

func (e *Engine) end(stage Stage, begin time.Time) (now time.Time) {
	if !begin.IsZero() {
		now = time.Now()
		e.config.Watcher.Took(stage, now.Sub(begin))
	}
	return now
}

// service reports whether a label of the prefix begins with an underscore, as
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
