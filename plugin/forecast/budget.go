package forecast

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/subject"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// mostNamed is how many of those that need most are named.
const mostNamed = 5

// wholeDay is what a log of a day is long, less what it begins late and ends early.
const wholeDay = 0.9

// budget finds the tightest budget that would have refused nobody. What the models block
// needs none.
func (m *making) budget() {
	b := &m.Budget
	limits := m.engine.Budget()
	if b.Now = sizes(limits); limits == (meter.Limits{}) {
		b.Now = []string{"off"}
	}
	for _, f := range m.flagged.flags.Values() {
		b.Capped = b.Capped || m.source.Capped && f.Ground.Metered() && !m.left(f.Scope, f.Client)
	}
	cut := m.cut()
	gone := func(sld string) bool { return cut[sld] || m.left(sld, subject.Client{}) }
	left := func(client string) bool { return m.left("", subject.ParseClient(client)) }
	all := m.demand.peaks(gone, left)
	b.Tightest = m.sizesOf(all)
	allowed, exempt := m.leftOut()
	after := m.demand.peaks(func(sld string) bool { return gone(sld) || allowed(sld) }, func(client string) bool { return left(client) || exempt(client) })
	b.After = m.sizesOf(after)
	b.Most = needy(after)
	switch {
	case b.Capped:
		b.Said = "pairs that the budget in force refused would have needed more than is told here"
	case limits == (meter.Limits{}):
		b.Said = "no budget is in force"
	default:
		pairs, clients := all.Over(limits)
		b.Said = fmt.Sprintf("the budget in force would have refused something to %s and %s over all unknown domains", plural(pairs, "pair"), plural(clients, "client"))
	}
}

// cut are the SLDs below which a model flagged somebody, unless a person marked that false.
func (m *making) cut() map[string]bool {
	cut := map[string]bool{}
	for _, f := range m.flagged.flags.Values() {
		if f.Ground == verdict.Model && m.suspects[f.SLD] > 0 {
			cut[f.SLD] = true
		}
	}
	return cut
}

// leftOut are what the lines that need no second look allow and exempt.
func (m *making) leftOut() (allowed, exempt func(string) bool) {
	var domains []string
	clients := map[string]bool{}
	for _, list := range [][]Proposal{m.Marked, m.Own} {
		for _, p := range list {
			if p.Line != "" && p.Caution == "" {
				domains = append(domains, strings.TrimPrefix(p.Line, "allow "))
			}
		}
	}
	for _, p := range m.Servers {
		if p.Line != "" && p.Caution == "" {
			clients[p.What] = true
		}
	}
	allowed = func(name string) bool {
		return slices.ContainsFunc(domains, func(d string) bool { return name == d || strings.HasSuffix(name, "."+d) })
	}
	return allowed, func(client string) bool { return clients[client] }
}

// sizesOf is the tightest budget for some pairs, one that can be said in a Corefile.
func (m *making) sizesOf(p *meter.Peaks) []string {
	l := p.Tightest()
	if m.all.replies == 0 {
		l.Down = m.engine.Budget().Down // nothing is known of it
	}
	if l.Up > 0 && l.Down > 0 {
		l.Down = max(l.Down, l.Up/meter.MostUp)
	}
	return sizes(l)
}

// sizes are limits as the option takes them; "" is one that is not there.
func sizes(l meter.Limits) []string {
	all := []string{}
	for _, n := range []meter.Bits{l.Up, l.Down, l.Client} {
		size := ""
		if n > 0 {
			size = sizeText(n.Bytes())
		}
		all = append(all, size)
	}
	if all[2] == "" {
		all = all[:2]
	}
	return all
}

// sizeText is a size that the option reads back as the same.
func sizeText(n uint64) string {
	if n%1024 == 0 {
		return fmt.Sprintf("%dKiB", n/1024)
	}
	return fmt.Sprintf("%dB", n)
}

// budgetLine is the line for the Corefile, "" if no budget is enough or what is needed is
// not known.
func (m *making) budgetLine() string {
	after := m.Budget.After
	if m.Budget.Capped || len(after) < 2 || after[0] == "" || after[1] == "" {
		return ""
	}
	line := "budget " + strings.Join(after, " ")
	if m.Days < wholeDay {
		return "# " + line + " # a budget is for 24 hours, and fewer were seen"
	}
	return line
}

// needy are the pairs that need the largest budgets.
func needy(p *meter.Peaks) []Demand {
	all := make([]*meter.Peak, 0, len(p.Pairs))
	for _, peak := range p.Pairs {
		if peak.Domain != "" {
			all = append(all, peak)
		}
	}
	need := func(p *meter.Peak) meter.Bits { return max(p.Up, 2*p.New, p.Down) / meter.Bits(max(p.Factor, 1)) }
	slices.SortFunc(all, func(a, b *meter.Peak) int {
		return cmp.Or(cmp.Compare(need(b), need(a)), cmp.Compare(a.Domain, b.Domain), cmp.Compare(a.Client, b.Client))
	})
	most := []Demand{}
	for _, p := range all[:min(len(all), mostNamed)] {
		most = append(most, Demand{SLD: text(p.Domain), Client: p.Client, UpBytes: p.Up.Bytes(), DownBytes: p.Down.Bytes()})
	}
	return most
}
