package main

import (
	"fmt"
	"runtime"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/model"
	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// newEngine is that of a Corefile with no options, with room for that many
// windows.
func newEngine(capacity int) (*detect.Engine, error) {
	models, err := model.Embedded()
	if err != nil {
		return nil, err
	}
	config := detect.Default()
	config.Models, config.Allow, config.Capacity = models, verdict.Shipped(), capacity
	return detect.New(config, nil)
}

// pace runs the trace through the engine alone, at the trace's own clock and
// blocking, until its windows have been full for a while.
func pace(r *report) error {
	r.section("The engine at the pace of the trace")
	t, err := newTrace(harsh, ".")
	if err != nil {
		return err
	}
	e, err := newEngine(65536)
	if err != nil {
		return err
	}
	const rounds, queries = 24, chainQueries
	var cost []float64
	var scored, ordinary int
	leaks := map[*tunnel]*leak{}
	begin := time.Unix(1_800_000_000, 0)
	for range rounds {
		all := t.next(queries)
		replies := make([]*dns.Msg, len(all))
		for i, q := range all {
			m := new(dns.Msg)
			m.SetQuestion(q.name, q.qtype)
			replies[i] = answer(m)
		}
		decisions := make([]detect.Decision, len(all))
		cost = append(cost, per(len(all), func() {
			for i, q := range all {
				d := &decisions[i]
				e.Query(detect.Query{Name: q.name, Type: q.qtype, Client: address(q.client), At: begin.Add(q.at)}, d)
				if d.Ticket.Valid() {
					e.Reply(d.Ticket, replies[i], begin.Add(q.at))
				}
			}
		}))
		for i, q := range all {
			d := &decisions[i]
			if d.Scored {
				scored++
			}
			if q.tunnel == nil {
				if d.Verdict == verdict.Block {
					ordinary++
				}
				continue
			}
			l := leaks[q.tunnel]
			if l == nil {
				l = &leak{}
				leaks[q.tunnel] = l
			}
			if d.Verdict == verdict.Block {
				l.cut = true
			} else if !l.cut {
				l.queries++
				l.bytes += len(q.name) - len(q.tunnel.sld) - 1
			}
		}
	}
	windows, evicted := e.Count()
	flags := e.Flags().Len()
	held := live()
	runtime.KeepAlive(e)
	e = nil
	held -= live()
	r.text("The harsh mix through the engine alone, under the recorded clock (%v of it), replies included, and blocking. %s.", t.at.Round(time.Second), t.madeOf())
	r.table([]string{"CPU per query", "ns"}, [][]string{
		row("median of rounds", "%.0f", median(cost)),
		row("least", "%.0f", quantile(cost, 0)),
		row("most", "%.0f", quantile(cost, 1)),
	})
	r.text("The forest was asked for %.1f %% of the queries. At the end %d windows and %d flags are held, %d were evicted; the engine holds %.1f MiB of live heap, %.0f bytes a window, models included.",
		100*float64(scored)/float64(rounds*queries), windows, flags, evicted, held/(1<<20), held/float64(windows))
	var bytes, asked []float64
	missed := 0
	for from, l := range leaks {
		if !l.cut {
			if from.asked == tunnelQueries {
				missed++
			}
			continue
		}
		bytes, asked = append(bytes, float64(l.bytes)), append(asked, float64(l.queries))
	}
	r.text("Leak before block: of the tunnels, %d were cut and %d got through all their %d queries. %d of %d ordinary queries were blocked.",
		len(bytes), missed, tunnelQueries, ordinary, rounds*queries-t.tunneled)
	if len(bytes) > 0 {
		r.figure("leak before block of the traces' tunnels, median: queries, prefix bytes", fmt.Sprintf("%.0f, %.0f", median(asked), median(bytes)), "")
		r.text("What passed of those that were cut: %.0f prefix bytes in %.0f queries at the median, %.0f in %.0f at the most.",
			median(bytes), median(asked), quantile(bytes, 1), quantile(asked, 1))
	}
	return nil
}

// leak is what a tunnel got through before its first blocked query.
type leak struct {
	queries, bytes int
	cut            bool
}
