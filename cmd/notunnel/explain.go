package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/notunnel/notunnel/plugin/admin"
	"github.com/notunnel/notunnel/plugin/subject"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// explainOptions are what notunnel explain is asked for.
type explainOptions struct {
	replayOptions
	json   bool
	client string
}

// runExplain is "notunnel explain": it replays recorded traffic as scan does, and tells
// what the engine knows of a name then, for each client that asked below its SLD.
func runExplain(args []string, stdout, stderr io.Writer) int {
	var o explainOptions
	c := newCommandLine("explain", "NAME [--client C] [--json] [options] FILE...",
		"NAME is a domain or a name below one.\n"+recordings)
	c.files = true
	c.StringVar(&o.client, "client", "", "the client, as reports call it: an address, host:NAME or file:NAME (default: each that asked)")
	c.BoolVar(&o.json, "json", false, "one JSON object")
	o.add(c)
	return c.run(args, stdout, stderr, func(rest []string) error {
		if len(rest) < 2 {
			return errors.New("a name is wanted, and at least one FILE")
		}
		if err := o.check(c); err != nil {
			return err
		}
		return explain(o, rest[0], rest[1:], stdout, stderr)
	})
}

// examined is what a replay tells of a name.
type examined struct {
	Name    string      `json:"name"`
	Queries int         `json:"queries"` // below the SLD, of all clients
	Clients []*askerSum `json:"clients"` // those who asked, or the one that was asked for
	More    int         `json:"more"`    // clients that there was no room for
}

// askerSum is what is known of the name for a client, and what became of the client's queries.
type askerSum struct {
	admin.Explanation
	Seen *seen `json:"seen"` // null of a client that did not ask
}

func explain(o explainOptions, name string, files []string, stdout, stderr io.Writer) error {
	client := o.client
	if strings.HasPrefix(client, hostClient) || strings.HasPrefix(client, fileClient) {
		client = "" // it is no address
	}
	if _, err := admin.Subject(name, client); err != nil {
		return err
	}
	in, err := o.input()
	if err != nil {
		return err
	}
	engine, err := o.engine(stderr)
	if err != nil {
		return err
	}
	r := newReplay(engine, false)
	x := newExaminer(r, name)
	unread, err := r.read(in, files, x, "explain", stderr)
	if err != nil {
		return err
	}
	found := x.report(name, o.client)
	if o.json {
		lines := json.NewEncoder(stdout)
		lines.SetEscapeHTML(false)
		err = lines.Encode(found)
	} else {
		err = found.write(stdout)
	}
	return errors.Join(err, unread)
}

// report is what is to be told: of the client, or if that is "" of each that asked.
func (x *examiner) report(name, client string) *examined {
	e, now := x.engine, x.clock.at(x.clock.now)
	found := &examined{Name: name, Queries: x.asked, Clients: []*askerSum{}, More: x.more}
	sum := func(who subject.Client, of *asker) {
		s := &askerSum{Explanation: *admin.Explain(e, name, who, now)}
		if of != nil {
			s.Seen = of.seen(e)
		}
		found.Clients = append(found.Clients, s)
	}
	if client != "" {
		e.Client(&x.decision.Client, client)
		sum(x.decision.Client, x.askers[x.decision.Client])
		return found
	}
	all := make([]*asker, 0, len(x.askers))
	for _, a := range x.askers {
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b *asker) int {
		return cmp.Or(cmp.Compare(b.verdict(), a.verdict()), cmp.Compare(b.queries, a.queries), a.first.Compare(b.first))
	})
	for _, a := range all {
		sum(a.client, a)
	}
	if len(all) == 0 {
		sum(subject.Client{}, nil)
	}
	return found
}

// told is how many clients are told all of; of more there is a line each, up to listed.
const (
	told   = 3
	listed = 40
)

func (x *examined) write(out io.Writer) error {
	for i, c := range x.Clients[:min(len(x.Clients), told)] {
		if i > 0 {
			if _, err := fmt.Fprintln(out); err != nil {
				return err
			}
		}
		if err := c.write(out); err != nil {
			return err
		}
	}
	if len(x.Clients) <= told {
		return nil
	}
	var rows []table.Row
	for _, c := range x.Clients[told:min(len(x.Clients), listed)] {
		rows = append(rows, table.Row{*c.Client, c.Seen.Verdict, fmt.Sprintf("%.2f", c.Seen.Score), c.Seen.Queries, size(c.Seen.UpBytes), size(c.Seen.DownBytes), when(c.Seen.First)})
	}
	if _, err := fmt.Fprintf(out, "\n%d clients asked; of those that follow, --client tells all:\n", len(x.Clients)+x.More); err != nil {
		return err
	}
	return render(out, "", table.Row{"client", "verdict", "score", "queries", "went out", "came in", "first"}, rows)
}

func (s *askerSum) write(out io.Writer) error {
	more := []string{"seen", "never: this client did not ask below the domain"}
	if s.Client == nil {
		more[1] = "never: nobody asked below the domain"
	}
	seen := s.Seen
	if seen != nil {
		if s.Features == nil && seen.Features != nil { // a block lets the window go
			s.Features, s.Base, s.Score = seen.Features, seen.Base, &seen.Score
		}
		more = seen.lines()
	}
	if err := writeExplanation(out, &s.Explanation, more...); err != nil || s.Score == nil || s.Base == nil {
		return err
	}
	return writeWeights(out, s.Features, *s.Base, *s.Score)
}

// lines are the facts as people read them.
func (s *seen) lines() []string {
	became := s.Verdict
	if s.Ground != nil {
		became = fmt.Sprintf("%s on the ground %s, first at %s, after %d queries with %d bytes", s.Verdict, *s.Ground, when(s.BlockedAt), s.LeakedQueries, s.LeakedBytes)
	}
	names := ""
	for i, name := range s.Names {
		if i > 0 {
			names += "\n"
		}
		names += name
	}
	return []string{
		"seen", fmt.Sprintf("%d queries from %s to %s", s.Queries, when(s.First), when(s.Last)), "became", became,
		"in all", fmt.Sprintf("%s went out in names of %d bytes, %s came in", size(s.UpBytes), s.PrefixBytes, size(s.DownBytes)), "names", names,
	}
}

// verdict is the severest on a client's queries.
func (a *asker) verdict() verdict.Verdict {
	if a.pair == nil {
		return verdict.Pass
	}
	return a.pair.verdict
}

// atOrNil is a time, nil for none.
func atOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
