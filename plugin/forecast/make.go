package forecast

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/domain"
	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/split"
	"github.com/notunnel/notunnel/plugin/subject"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// Source is where an observer was, and what it could not see.
type Source struct {
	Mode   string // block, monitor or recorded
	Judged int    // pairs that had enough to be judged, -1 if nobody counted
	Capped bool   // what budgets refused was not charged to what pairs need
	Live   bool   // beside a running server
}

// Make makes a forecast of what was observed, with the flags, marks and lists of an engine.
func (o *Observer) Make(e *detect.Engine, s Source, at time.Time) *Report {
	now, marks := e.Flags().All(at), e.Marks()
	o.mu.Lock()
	defer o.mu.Unlock()
	from, to := o.all.first, o.all.last
	if s.Live {
		from, to = o.begun, at
	}
	r := &Report{
		Mode: s.Mode, From: from.UTC(), To: to.UTC(), Days: to.Sub(from).Hours() / 24,
		Queries: o.all.queries * o.config.Every, SLDs: min(o.all.slds.count()*int(o.config.Every), MostCounted), Clients: o.all.clients.count(), Sample: o.config.Every,
		Blocked: []Blocked{}, Own: []Proposal{}, Servers: []Proposal{}, Marked: []Proposal{}, Lines: []string{}, Unknown: []string{},
	}
	m := &making{Report: r, Observer: o, engine: e, source: s, suspects: map[string]int{}, suspected: map[string]int{}, opinions: map[uint64]*flags.Mark{}}
	for i := range marks {
		m.opinions[marks[i].Flag.ID] = &marks[i]
	}
	m.blocked(now)
	m.propose()
	m.budget()
	m.lines()
	m.unknown()
	return r
}

// making is a report in the making.
type making struct {
	*Report
	*Observer
	engine    *detect.Engine
	source    Source
	suspects  map[string]int // clients that a model flagged below an SLD, but for those marked false
	suspected map[string]int // SLDs that a model flagged a client below, the same
	opinions  map[uint64]*flags.Mark
	decision  detect.Decision
}

// blocked tells of all flags that there were.
func (m *making) blocked(now []flags.Flag) {
	for i := range now {
		if known, ok := m.flagged.flags.Peek(now[i].ID); ok {
			known.update(&now[i])
		} else { // from before a restart
			m.flagged.flags.Add(now[i].ID, &raised{Flag: now[i], times: 1})
		}
	}
	t, by := tally{judged: m.source.Judged}, map[string]*Blocked{}
	all := m.flagged.flags.Values()
	slices.SortFunc(all, func(a, b *raised) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID))
	})
	for _, f := range all {
		if m.left(f.Scope, f.Client) {
			continue
		}
		mark := m.opinions[f.ID]
		if f.Ground == verdict.Model {
			t.count(mark)
			if mark == nil || mark.Opinion != flags.False {
				m.suspects[f.SLD]++
				m.suspected[f.Client.String()]++
			}
		}
		b := by[f.Scope]
		if b == nil {
			b = &Blocked{
				SLD: text(f.SLD), Scope: text(f.Scope), Standing: m.engine.Standing([]byte(f.SLD)).String(),
				Names: f.Names(), Reasons: append([]flags.Reason{}, f.Reasons...),
			}
			by[f.Scope] = b
		}
		c := BlockedClient{
			ID: fmt.Sprintf("%016x", f.ID), Client: f.Client.String(), Ground: f.Ground.String(), Score: f.Score, Since: f.Since.UTC(),
			Times: f.times, Queries: f.before + f.Blocked,
		}
		if mark != nil {
			opinion := string(mark.Opinion)
			c.Mark = &opinion
		}
		b.Queries += c.Queries
		b.Clients = append(b.Clients, c)
	}
	for _, b := range by {
		m.Blocked = append(m.Blocked, *b)
	}
	slices.SortFunc(m.Blocked, func(a, b Blocked) int {
		return cmp.Or(cmp.Compare(len(b.Clients), len(a.Clients)), cmp.Compare(b.Queries, a.Queries), cmp.Compare(a.Scope, b.Scope))
	})
	m.False = t.weekly(m.Days, m.engine.HeldOut())
}

// propose finds what a person may want to leave out.
func (m *making) propose() {
	for _, sld := range m.domains.Keys() {
		d, _ := m.domains.Peek(sld)
		evidence := d.own(&m.all, m.config.Every)
		if evidence == nil || m.left(sld, subject.Client{}) {
			continue
		}
		p := Proposal{What: text(sld), Kind: "own", Evidence: evidence, Line: allowLine(sld)}
		if n := m.suspects[sld]; n > 0 {
			p.Caution = fmt.Sprintf("the models flagged %s below it: look at its names first (notunnel explain)", plural(n, "client"))
		}
		m.Own = append(m.Own, p)
	}
	slices.SortFunc(m.Own, func(a, b Proposal) int {
		return cmp.Or(cmp.Compare(len(b.Evidence), len(a.Evidence)), cmp.Compare(a.What, b.What))
	})
	isOwn := func(sld string) bool {
		return slices.ContainsFunc(m.Own, func(p Proposal) bool { return p.What == text(sld) })
	}
	for _, who := range m.clients.Keys() {
		c, _ := m.clients.Peek(who)
		kind, evidence := c.server(m.Days, m.config.Every, isOwn)
		if kind == "" || m.left("", who) {
			continue
		}
		p := Proposal{What: who.String(), Kind: string(kind), Evidence: evidence}
		if network, ok := who.Network(); ok {
			p.Line = "exempt " + exemptArg(network)
		}
		switch n := m.suspected[who.String()]; {
		case kind == Resolver:
			p.Caution = "whoever asks it would be exempt too: let it tell who asks, or measure behind it, instead"
		case kind == Mail && c.mixed(m.config.Every):
			p.Caution = "it asks for much else as well: if people are behind it, they would be exempt too"
		case n > 0:
			p.Caution = fmt.Sprintf("the models flagged it below %s: look at those first (notunnel explain)", plural(n, "domain"))
		}
		m.Servers = append(m.Servers, p)
	}
	slices.SortFunc(m.Servers, func(a, b Proposal) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.What, b.What)) })
	for _, mark := range m.engine.Marks() {
		if mark.Opinion == flags.False && !m.left(mark.Flag.Scope, subject.Client{}) && !slices.ContainsFunc(m.Marked, func(p Proposal) bool { return p.What == text(mark.Flag.Scope) }) {
			evidence := fmt.Sprintf("a person marked the flag of %s false", mark.Flag.Client)
			if mark.Note != "" {
				evidence += fmt.Sprintf(": %q", mark.Note)
			}
			m.Marked = append(m.Marked, Proposal{What: text(mark.Flag.Scope), Kind: "marked", Evidence: []string{evidence}, Line: allowLine(mark.Flag.Scope)})
		}
	}
}

// left reports whether lists leave the name out of the judging, or the client.
func (m *making) left(name string, who subject.Client) bool {
	q := detect.Query{Name: text(name), Source: who.String()}
	if network, ok := who.Network(); ok {
		q.Client = network.Addr()
	}
	m.engine.Identify(q, &m.decision)
	return m.decision.Why == detect.Allowed || m.decision.Why == detect.Exempt
}

// lines are those for the Corefile, each once.
func (m *making) lines() {
	seen := map[string]bool{}
	for _, list := range [][]Proposal{m.Marked, m.Own, m.Servers} {
		for _, p := range list {
			if p.Line == "" || seen[p.Line] {
				continue
			}
			seen[p.Line] = true
			if p.Caution != "" {
				m.Lines = append(m.Lines, "# "+p.Line+" # "+p.Caution)
			} else {
				m.Lines = append(m.Lines, p.Line+" # "+p.Kind)
			}
		}
	}
	if line := m.budgetLine(); line != "" {
		m.Lines = append(m.Lines, line)
	}
}

// unknown says what the report cannot tell.
func (m *making) unknown() {
	say := func(text string) { m.Unknown = append(m.Unknown, text) }
	if m.Days < 1 {
		say(fmt.Sprintf("what was looked at spans %.1f hours: budgets are for 24, and what comes once a day or a week is not in it", 24*m.Days))
	}
	if m.all.replies == 0 {
		say("no replies were seen: what would come in, and which addresses are private, is not known")
	}
	if m.flagged.lost > 0 {
		say(fmt.Sprintf("%s more than there was room for are not in it", plural(m.flagged.lost, "flag")))
	}
	if m.source.Live {
		say("a running server looks at one in " + fmt.Sprint(m.config.Every) + " names for own domains and servers, and forgets with a restart what it saw; captures and logs (notunnel forecast FILE...) tell more")
		if m.Budget.Capped {
			say("what the budget in force refused is not charged: how much more would have been needed a capture tells, or budget off")
		}
	}
}

// about is a count as people read it: to three digits.
func about(n uint64) string {
	scale := uint64(1)
	for n/scale >= 1000 {
		scale *= 10
	}
	return fmt.Sprint((n + scale/2) / scale * scale)
}

// several is a number of different things, of which more than MostCounted are not counted.
func several(n int) string {
	if n >= MostCounted {
		return fmt.Sprintf("%d or more", MostCounted)
	}
	return about(uint64(n))
}

func text(name string) string { return split.Text([]byte(name)) }

// allowLine allows a name; none where it is no domain as lists take them.
func allowLine(name string) string {
	if plain, err := domain.Canonical(text(name)); err != nil || plain != name {
		return ""
	}
	return "allow " + name
}

func exemptArg(network netip.Prefix) string {
	if network.IsSingleIP() {
		return network.Addr().String()
	}
	return network.String()
}
