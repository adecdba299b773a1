package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/notunnel/notunnel/plugin/forecast"
)

// What of a forecast fits a page; JSON has all.
const (
	shownBlocked   = 15
	shownClients   = 3
	shownProposals = 12
	widestWhy      = 64 // characters of a line of names and reasons
)

func showForecast(out io.Writer, reply []byte) error {
	f, err := readReply[forecast.Report](reply)
	if err != nil {
		return err
	}
	return writeForecast(out, &f)
}

// writeForecast writes a forecast as a page.
func writeForecast(out io.Writer, f *forecast.Report) error {
	var page strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&page, format+"\n", args...) }
	head, would := "what block mode would have done", "would be blocked"
	if f.Mode == "block" {
		head, would = "what block mode does", "is blocked"
	}
	roughly := ""
	if f.Sample > 1 {
		roughly = "some "
	}
	say("%s, %s to %s (%.1f days)", head, when(&f.From), when(&f.To), f.Days)
	say("%s%s queries of %s clients below %s domains", roughly, humanize.Comma(int64(f.Queries)), countOf(f.Clients), countOf(f.SLDs))
	if err := blockedTable(&page, f.Blocked, would); err != nil {
		return err
	}
	say("false blocks by the models: %.1f to %.1f a week: %s", f.False.Low, f.False.High, onTerminal(f.False.How))
	say("")
	say("budget now: %s; %s", spoken(f.Budget.Now), f.Budget.Said)
	say("tightest that would have refused nobody: %s; with the lines below: %s", spoken(f.Budget.Tightest), spoken(f.Budget.After))
	for _, d := range f.Budget.Most {
		say("  %s  %s  %s out, %s in, in the fullest 24 hours", d.SLD, d.Client, size(d.UpBytes), size(d.DownBytes))
	}
	proposals(&page, "domains that look like your own", f.Own)
	proposals(&page, "machines that look like servers", f.Servers)
	proposals(&page, "marked false", f.Marked)
	if len(f.Lines) > 0 {
		say("\nfor the Corefile, if you agree (to be looked at first: behind #):")
		for _, line := range f.Lines {
			say("    %s", onTerminal(line))
		}
	}
	for i, text := range f.Unknown {
		if i == 0 {
			say("\nnot told by this:")
		}
		say("  %s", onTerminal(text))
	}
	_, err := io.WriteString(out, page.String())
	return err
}

// countOf is a count that ends somewhere.
func countOf(n int) string {
	if n >= forecast.MostCounted {
		return humanize.Comma(forecast.MostCounted) + " or more"
	}
	return humanize.Comma(int64(n))
}

// blockedTable writes who is cut off what.
func blockedTable(out io.Writer, blocked []forecast.Blocked, would string) error {
	var rows []table.Row
	for _, b := range blocked[:min(len(blocked), shownBlocked)] {
		var clients, grounds []string
		for i, c := range b.Clients {
			ground := c.Ground
			if c.Mark != nil {
				ground += ", marked " + *c.Mark
			}
			if i < shownClients {
				clients, grounds = append(clients, c.Client), append(grounds, ground)
			}
		}
		if more := len(b.Clients) - shownClients; more > 0 {
			clients = append(clients, fmt.Sprintf("and %d more", more))
		}
		names := append([]string{}, b.Names...)
		if len(b.Reasons) > 0 {
			names = append(names, onTerminal(b.Reasons[0].Text))
		}
		for i, name := range names {
			names[i] = text.WrapSoft(name, widestWhy)
		}
		rows = append(rows, table.Row{b.Scope, b.Standing, strings.Join(clients, "\n"), strings.Join(grounds, "\n"), b.Queries, strings.Join(names, "\n")})
	}
	if _, err := fmt.Fprintln(out, would+":"); err != nil {
		return err
	}
	if err := render(out, "  nobody", table.Row{"scope", "standing", "client", "ground", "queries", "names, and why"}, rows); err != nil {
		return err
	}
	if more := len(blocked) - shownBlocked; more > 0 {
		_, err := fmt.Fprintf(out, "and %d domains more: --json tells all\n", more)
		return err
	}
	return nil
}

// proposals writes what may be left out of the judging.
func proposals(out io.Writer, title string, all []forecast.Proposal) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(out, "\n%s:\n", title)
	for _, p := range all[:min(len(all), shownProposals)] {
		fmt.Fprintf(out, "  %s (%s): %s\n", onTerminal(p.What), p.Kind, onTerminal(strings.Join(p.Evidence, "; ")))
		if p.Caution != "" {
			fmt.Fprintf(out, "    BUT %s\n", onTerminal(p.Caution))
		}
	}
	if more := len(all) - shownProposals; more > 0 {
		fmt.Fprintf(out, "  and %d more: --json tells all\n", more)
	}
}

// spoken is a budget as the option takes it, with a dash where no size is enough.
func spoken(sizes []string) string {
	said := make([]string, 0, len(sizes))
	for _, s := range sizes {
		if s == "" {
			s = "–"
		}
		said = append(said, s)
	}
	return strings.Join(said, " ")
}
