package detect

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/notunnel/notunnel/model"
	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/joint"
	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/split"
	"github.com/notunnel/notunnel/plugin/standing"
	"github.com/notunnel/notunnel/plugin/subject"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// Joint windows. They reach back further than those of pairs, since a tunnel over many
// SLDs is slow in each. jointBits leaves out names that any SLD has, such as www, and
// keeps most counters, by which downloads ask.
const (
	pairsPerClient = 16 // windows of pairs to one of a client
	leastClients   = 256
	jointWindows   = 24 // spans of a window
	jointBits      = 12 // that must be new in a name
)

// joins reports whether a query is one for the joint window of its client, if its name is
// a fresh one. One query in a hundred is.
func (e *Engine) joins(d *Decision, o *meter.Outcome) bool {
	return o.Price.Whole() >= jointBits && !service(d.Prefix()) &&
		d.standing == standing.Unknown
}

// jointRules are what joint windows are ruled by. A threshold that is asked for, 0 if
// none is, is meant for the forest of pairs: here a lower one than its own does nothing.
func jointRules(j model.Joint, threshold float64) verdict.JointRules {
	return verdict.JointRules{
		Threshold: max(j.Threshold, threshold),
		Floor:     verdict.JointEvidence{SLDs: j.Floor.SLDs, Events: j.Floor.Events, Information: uint64(j.Floor.Information)},
	}
}

// join takes a query into the joint window of its client, scores that if there is
// evidence enough, and flags SLDs that it rests on.
func (e *Engine) join(q *Query, d *Decision) {
	entry := &d.scratch.entry
	entry.Client = d.Client.All(&e.config.Key)
	entry.Pair, entry.SLD, entry.Prefix, entry.Hash, entry.At = d.pair, d.SLD(), d.Prefix(), d.hash, d.scratch.query.At
	var sum feature.Joint
	if !e.joint.Observe(entry, &sum) {
		return
	}
	d.Ticket.client = entry.Client
	evidence := jointEvidence(&sum)
	if e.config.Models.Forest == nil || !e.rules.Joint.Enough(&evidence) {
		return
	}
	v := sum.Vector()
	// Below the threshold no SLD is blocked, whatever its part.
	if score, ok := e.ask(e.config.Models.Joint.Forest, v[:], d); ok && score >= e.rules.Joint.Threshold {
		e.cut(q, d, score)
	}
}

func jointEvidence(sum *feature.Joint) verdict.JointEvidence {
	return verdict.JointEvidence{SLDs: sum.SLDs, Events: sum.Events, Information: uint64(sum.Information())}
}

// cut flags the SLDs of a joint window that are to be blocked, if they are several, and
// blocks the query if its own is one of them. Concurrent queries may have entered the
// window since it was scored, or another client taken its place: all that is said of it
// but for the score is said of the window as it is now.
func (e *Engine) cut(q *Query, d *Decision, score float64) {
	sum, ok := e.Joint(d)
	if !ok {
		return
	}
	c := &verdict.JointCase{
		Score:    score,
		Evidence: jointEvidence(&sum.Joint),
		Whole:    verdict.Likeness{Events: sum.Events, Alike: share(sum.Alike, sum.Apart), Shared: share(sum.Shared, sum.Labels)},
	}
	client, taking := d.Ticket.client, 0
	var own verdict.Ruling
	var room [joint.MaxSLDs]*joint.Part
	parts := room[:0] // that are to be flagged: not those that are blocked already
	for i := range sum.Parts[:sum.SLDs] {
		p := &sum.Parts[i]
		c.Part = verdict.Likeness{
			Events: p.Events, Alike: share(p.Alike, p.Events*(sum.Events-p.Events)), Shared: share(p.Shared, p.Labels),
		}
		c.Scope = p.SLD()
		if p.Pair == d.pair {
			c.Scope = d.SLD()
		}
		ruling := e.rules.OnJoint(c)
		if ruling.Verdict != verdict.Block {
			continue
		}
		if p.Pair == d.pair {
			own = ruling
		}
		// A text that was too long to be kept is at hand with the next query. The query's own
		// SLD is cut already only by one that came at the same time: then it is blocked too.
		if taking++; p.Pair == d.pair || !p.Cut && len(ruling.Scope) > 0 {
			parts = append(parts, p)
		}
	}
	if len(parts) == 0 || taking < e.rules.Joint.Floor.SLDs {
		return
	}
	if own.Verdict == verdict.Block {
		d.Ruling = own
	}
	f := flags.Flag{
		Ground: verdict.Model, Score: c.Score,
		Reasons: append([]flags.Reason{{Text: spread(c.Score, taking, sum, parts)}}, e.jointReasons(sum.Vector())...),
	}
	for _, p := range parts {
		if p.Pair == d.pair {
			e.blockJoint(q, d, c, f)
		} else {
			e.flagBeside(q, d, p, f)
		}
		e.pairs.forget(p.Pair)
		e.joint.Cut(client, p.Pair)
	}
}

// blockJoint flags the query's own SLD, and blocks the query.
func (e *Engine) blockJoint(q *Query, d *Decision, c *verdict.JointCase, f flags.Flag) {
	if sum, ok := e.Summary(d); ok {
		d.Features = sum.Vector()
	}
	d.Scored, d.Score, d.Ticket = true, c.Score, Ticket{}
	e.raiseLast(q, d, f, e.pairs.passed(d.pair))
}

// flagBeside flags another SLD of the client, none of whose queries is being blocked.
func (e *Engine) flagBeside(q *Query, d *Decision, p *joint.Part, f flags.Flag) {
	other := subject.Subject{Client: d.Client}
	other.Parse(split.Text(p.SLD()))
	up, down := e.pairs.spent(p.Pair, q.At)
	f.UpBytes, f.DownBytes = up.Bytes(), down.Bytes()
	leaked(&f, e.pairs.passed(p.Pair), q.At)
	if raised, ok := e.flags.RaiseAhead(p.Pair, &other, other.SLD(), f, q.At); ok {
		d.Beside = append(d.Beside, raised)
	}
}

// maxNamed is how many domains a reason names.
const maxNamed = 3

// spread says in words what a joint window was flagged for: over how many domains, with
// some that are flagged now.
func spread(score float64, taking int, sum *joint.Summary, parts []*joint.Part) string {
	var names []string
	for _, p := range parts {
		if sld := p.SLD(); len(sld) > 0 && len(names) < maxNamed {
			names = append(names, split.Text(sld))
		}
	}
	if taking > len(names) {
		names = append(names, "…")
	}
	return fmt.Sprintf("%.2f over %d domains of this client: %s; %s in %d names, %.0f %% of labels under more than one",
		score, taking, strings.Join(names, ", "), humanize.IBytes(uint64(sum.Information())), sum.Events, 100*share(sum.Shared, sum.Labels))
}

func share(n, of int) float64 { return float64(n) / float64(max(of, 1)) }

// Joint is the joint window of the client that the query has entered, as it stands.
// It returns false if it has entered none, or the window is gone.
func (e *Engine) Joint(d *Decision) (sum *joint.Summary, ok bool) {
	sum = &d.scratch.joint
	return sum, d.Ticket.client != 0 && e.joint.Summarize(d.Ticket.client, sum)
}
