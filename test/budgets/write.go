package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/standing"
)

// writeReport writes the figures of all logs.
func writeReport(w io.Writer, results []*result, seed uint64) {
	fmt.Fprint(w, "# What budgets refuse\n\n")
	for _, line := range summary(results) {
		fmt.Fprintln(w, line)
	}
	fmt.Fprintf(w, `
Written by `+"`make budgets DATA=dir`"+`; rerun it to check. All networks but those under
"recorded" are **composed** (`+"`model/train/compose/networks`"+`, seed %d, two days): patterns after
published formats and usual settings, real host names where such names occur, invented
domains that are on no list elsewhere. They say what software like this costs, not how
often it is met. The recorded logs are real and short.

## What passes

Of each network the pair of domain and client that comes nearest to a budget, up and
down, in the fullest 24 hours (parts of four hours, as the meter has them): information
in bytes; with "new" the sum right after the last new name, which half of UP has to hold.
Budgets are multiplied by 4 for listed and by 16 for popular domains and for keys
above an SLD. "Client" is the largest sum of one client over all unknown domains,
beyond 16 B each. "Tightest" is the budget UP DOWN CLIENT that would have refused
nobody, in powers of two from 1 KiB on; – is more than 16 MiB.

`, seed)
	fmt.Fprintln(w, passes(results, false))
	fmt.Fprint(w, "\nRecorded:\n\n")
	fmt.Fprintln(w, passes(results, true))
	fmt.Fprint(w, `
## What is refused

Pairs of domain and client that each budget refuses something, and the queries refused,
withheld replies among them; with a third size, pairs of the clients whose sum is spent.
The models do not judge here. The last column is what the models block by themselves,
as shipped, at the default budget: those are false blocks.

`)
	fmt.Fprintln(w, refusals(results))
	fmt.Fprint(w, "\n## The patterns\n\n")
	for _, r := range results {
		if !r.recorded {
			fmt.Fprintf(w, "- **%s**: %s\n", r.name, r.what)
		}
	}
}

// summary is what an administrator should take from the figures, in five lines.
func summary(results []*result) []string {
	needy := func(try int) []string {
		var names []string
		for _, r := range results {
			if !r.recorded && r.refused[try].queries > 0 {
				names = append(names, r.name+r.ways(try))
			}
		}
		return names
	}
	composed := 0
	for _, r := range results {
		if !r.recorded {
			composed++
		}
	}
	first := fmt.Sprintf("1. The default, 256KiB 64KiB, refuses nothing in any of %d composed networks.", composed)
	if names := needy(byDefault); len(names) > 0 {
		first = fmt.Sprintf("1. The default, 256KiB 64KiB, refuses nothing in %d of %d composed networks. It does in **%s**: see there which domain to put in `allow`, or which machine in `exempt`.",
			composed-len(names), composed, strings.Join(names, ", "))
	}
	return []string{
		first,
		fmt.Sprintf("2. Before 16KiB 64KiB, look at these: %s.", list(needy(2))),
		fmt.Sprintf("3. Before 4KiB 16KiB, at these: %s.", list(needy(1))),
		fmt.Sprintf("4. Before 1KiB 8KiB, at these: %s.", list(needy(0))),
		"5. Put the domain in `allow` where it is your own or a service that you chose (a search suffix is your own domain); `exempt` the machine where it asks for everybody's: mail servers, scanners, log analysers.",
	}
}

// ways says which way the budget is too small.
func (r *result) ways(try int) string {
	limits, err := meter.ParseLimits(tries[try].limits)
	if err != nil {
		return ""
	}
	up, down := r.up.Over(meter.Limits{Up: limits.Up}), r.down.Over(meter.Limits{Down: limits.Down})
	switch {
	case up && down:
		return " (up and down)"
	case up:
		return " (up)"
	}
	return " (down)"
}

func list(names []string) string {
	if len(names) == 0 {
		return "nothing would be refused"
	}
	return strings.Join(names, ", ")
}

func passes(results []*result, recorded bool) string {
	t := table.NewWriter()
	t.AppendHeader(table.Row{"network", "clients", "queries", "SLDs", "up", "new", "of", "down", "of", "client", "tightest"})
	for _, r := range results {
		if r.recorded == recorded {
			t.AppendRow(table.Row{
				r.name, r.clients, count(r.queries), count(r.slds), amount(r.up.Up), amount(r.up.New), r.domain(&r.up),
				amount(r.down.Down), r.domain(&r.down), amount(r.client), limits(r.tightest),
			})
		}
	}
	return t.RenderMarkdown()
}

func refusals(results []*result) string {
	t := table.NewWriter()
	head := table.Row{"network"}
	for _, try := range tries {
		head = append(head, try.name)
	}
	t.AppendHeader(append(head, "models"))
	for _, r := range results {
		row := table.Row{r.name}
		for i := range tries {
			row = append(row, r.refused[i].String())
		}
		said := r.model.String()
		if domains := r.model.domains(); len(domains) > 0 && !r.recorded {
			more := ""
			if len(domains) > 3 {
				domains, more = domains[:3], ", …"
			}
			said += ": " + strings.Join(domains, ", ") + more
		}
		t.AppendRow(append(row, said))
	}
	return t.RenderMarkdown()
}

func (b *blocked) String() string {
	if b.queries == 0 {
		return "0"
	}
	if len(b.pairs) == 1 {
		return fmt.Sprintf("1 pair, %s queries", count(b.queries))
	}
	return fmt.Sprintf("%s pairs, %s queries", count(len(b.pairs)), count(b.queries))
}

// domain says what is known of the pair's domain, and its name if it may be named.
func (r *result) domain(p *meter.Peak) string {
	known := standing.Shipped().Of([]byte(p.Domain)).String()
	if p.Factor == meter.SharedFactor && known != standing.Popular.String() {
		known = "shared"
	}
	if r.recorded {
		return known
	}
	return p.Domain + " (" + known + ")"
}

func count(n int) string { return humanize.Comma(int64(n)) }

func amount(b meter.Bits) string { return humanize.Comma(int64(b.Bytes())) }

func limits(l meter.Limits) string {
	var sizes []string
	for _, b := range []meter.Bits{l.Up, l.Down, l.Client} {
		size := "–"
		if b > 0 {
			size = strings.NewReplacer(" ", "", ".0", "").Replace(humanize.IBytes(b.Bytes()))
		}
		sizes = append(sizes, size)
	}
	return strings.Join(sizes, " ")
}
