package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/metrics"
	"runtime/pprof"
	"strings"
	"sync"
	"time"
)

const (
	chainRounds  = 24
	chainWarm    = 6 // rounds before the first that counts
	chainQueries = 50_000
)

// monitor is notunnel as it is measured: it decides everything and answers
// nothing, so that blocked tunnels do not make it look cheap.
const monitor = "notunnel {\n mode monitor\n}"

// chains measures the plugin chain in this process with and without notunnel, over both
// mixes.
func chains(r *report) error {
	r.section("The chain in one process")
	r.text("CoreDNS's own chain, `cache` before a plugin that answers at once, with and without `notunnel` (`mode monitor`) before it, from one goroutine. "+
		"%d rounds of %d queries each, in turns, after %d that do not count; CPU time by getrusage, garbage collection included. "+
		"The bare chain has no sockets, no parsing and no packing in it, only making the message. "+
		"All of it happens within seconds, so names that come again fold into one event; for the same trace at its own pace see the next section.",
		chainRounds, chainQueries, chainWarm)
	for _, goal := range []struct {
		mix  mix
		most float64 // ns
	}{{everyday, 700}, {harsh, 1500}} {
		if err := compareChains(r, goal.mix, goal.most); err != nil {
			return err
		}
	}
	return nothing(r)
}

// fullPairs is more than there are windows, so that each shard is full.
const fullPairs = 80_000

// chainPair is the chain without notunnel and with it, of full windows.
type chainPair struct {
	bare, with chain
	trace      *trace
}

// startPair starts both; with is the line of what is measured.
func startPair(m mix, root, with string) (p chainPair, err error) {
	if p.trace, err = newTrace(m, root); err != nil {
		return p, err
	}
	if p.bare, err = startChain(""); err != nil {
		return p, err
	}
	if p.with, err = startChain(with); err != nil {
		p.bare.stop()
		return p, err
	}
	fill := p.trace.fill(fullPairs)
	p.bare.serve(fill)
	p.with.serve(fill)
	return p, nil
}

func (p *chainPair) stop() {
	p.bare.stop()
	p.with.stop()
}

// round takes the time of both, ns a query, each first every other time.
func (p *chainPair) round(i int) (bare, with float64) {
	list := p.trace.next(chainQueries)
	first := func() { bare = per(len(list), func() { p.bare.serve(list) }) }
	if i%2 == 0 {
		first()
	}
	with = per(len(list), func() { p.with.serve(list) })
	if i%2 != 0 {
		first()
	}
	return bare, with
}

// rounds takes the time of all rounds that count.
func (p *chainPair) rounds() (bare, with []float64) {
	for i := range chainWarm + chainRounds {
		x, y := p.round(i)
		if i >= chainWarm {
			bare, with = append(bare, x), append(with, y)
		}
	}
	return bare, with
}

// nothing measures a plugin that does nothing.
func nothing(r *report) error {
	p, err := startPair(everyday, ".", "hop")
	if err != nil {
		return err
	}
	defer p.stop()
	a, b := p.rounds()
	added, half := interval(each(a, b, func(a, b float64) float64 { return b - a }))
	r.text("A plugin in its place that only passes queries on adds **%.0f ns** (±%.0f): CoreDNS's own part of any plugin.", added, half)
	return nil
}

// compareChains measures one mix with every window full, each round on queries that are
// new to both chains, in turns.
func compareChains(r *report, m mix, most float64) error {
	p, err := startPair(m, ".", monitor)
	if err != nil {
		return err
	}
	defer p.stop()
	a, b := p.rounds()
	r.text("**%s mix**, all windows full. %s.", m.name, p.trace.madeOf())
	added, half := interval(each(a, b, func(a, b float64) float64 { return b - a }))
	ratio, ratioHalf := interval(each(a, b, func(a, b float64) float64 { return b / a }))
	r.table([]string{"CPU per query", "median, ns", "least", "most"}, [][]string{
		row("without", "%.0f", median(a), quantile(a, 0), quantile(a, 1)),
		row("with", "%.0f", median(b), quantile(b, 0), quantile(b, 1)),
	})
	r.text("Added: **%.0f ns** a query (95 %% confidence: ±%.0f), %.2f times the bare chain (±%.2f). %s",
		added, half, ratio, ratioHalf, bar(added, half, most, fmt.Sprintf("%.0f ns", most)))
	r.figure(fmt.Sprintf("added to CoreDNS's plugin chain, %s mix, ns a query", m.name), fmt.Sprintf("%.0f ± %.0f", added, half), fmt.Sprintf("%.0f", most))
	tail := latencies(r, p.trace, p.bare, p.with)
	if m.name == everyday.name {
		r.figure("p99.9 of the chain, times the bare one's", fmt.Sprintf("%.2f", tail), "1.2")
	}
	contention(r, p.trace, p.with)
	return profile(r, p.trace, p.with)
}

func row(name, format string, figures ...float64) []string {
	cells := []string{name}
	for _, f := range figures {
		cells = append(cells, fmt.Sprintf(format, f))
	}
	return cells
}

// latencies times single queries.
func latencies(r *report, t *trace, bare, with chain) (tail float64) {
	quantiles := []float64{0.5, 0.99, 0.999}
	var all [2][3][]float64
	for round := range 8 {
		list := t.next(chainQueries)
		for turn := range 2 {
			which := (turn + round) % 2
			c := [2]chain{bare, with}[which]
			took := make([]float64, len(list))
			for i := range list {
				begin := time.Now()
				c.ask(&list[i])
				took[i] = float64(time.Since(begin)) / 1e3
			}
			for i, q := range quantiles {
				all[which][i] = append(all[which][i], quantile(took, q))
			}
		}
	}
	var rows [][]string
	for i, q := range quantiles {
		a, b := median(all[0][i]), median(all[1][i])
		tail = median(each(all[0][i], all[1][i], func(a, b float64) float64 { return b / a }))
		rows = append(rows, row(fmt.Sprintf("p%g", 100*q), "%.2f", a, b, tail))
	}
	r.text("Single queries by the clock, two readings of it included; medians of 8 rounds of %d:", chainQueries)
	r.table([]string{"latency, µs", "without", "with", "ratio"}, rows)
	return tail
}

// contention runs the same number of queries on one goroutine and on two.
func contention(r *report, t *trace, with chain) {
	var one, two, waited []float64
	for range 6 {
		list := t.next(chainQueries)
		one = append(one, per(len(list), func() { with.serve(list) }))
		list = t.next(chainQueries)
		before := mutexWait()
		two = append(two, per(len(list), func() {
			var wg sync.WaitGroup
			wg.Go(func() { with.serve(list[:len(list)/2]) })
			wg.Go(func() { with.serve(list[len(list)/2:]) })
			wg.Wait()
		}))
		waited = append(waited, 1e9*(mutexWait()-before)/float64(len(list)))
	}
	if t.mix.name == everyday.name {
		r.figure("CPU a query of two goroutines at once, times that of one", fmt.Sprintf("%.2f", median(two)/median(one)), "")
	}
	r.text("Two goroutines at once cost %.0f ns of CPU a query where one costs %.0f (medians of 6 rounds), of which %.1f ns are spent waiting for a lock, whoever's: there are 32 shards.",
		median(two), median(one), median(waited))
}

func mutexWait() float64 {
	sample := []metrics.Sample{{Name: "/sync/mutex/wait/total:seconds"}}
	metrics.Read(sample)
	return sample[0].Value.Float64()
}

// profile says where the time goes, of all that is spent below the plugin's
// ServeDNS but not in what comes after it.
func profile(r *report, t *trace, with chain) error {
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "cpu.prof")
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	var rounds [][]query
	for range 20 {
		rounds = append(rounds, t.next(chainQueries))
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	for _, list := range rounds {
		with.serve(list)
	}
	pprof.StopCPUProfile()
	out, err := exec.Command("go", "tool", "pprof", "-top", "-cum", "-nodefraction=0", "-edgefraction=0", "-nodecount=2000", file).Output()
	if err != nil {
		return fmt.Errorf("go tool pprof: %w", err)
	}
	r.text("CPU profile of %d queries of the trace through the chain with notunnel; shares of all samples, the whole chain and the collector included. What a line calls is in it.", 20*chainQueries)
	var rows [][]string
	for _, part := range parts {
		share := "–"
		for line := range strings.Lines(string(out)) {
			if fields := strings.Fields(line); len(fields) > 5 && strings.Contains(strings.Join(fields[5:], " "), part.function) {
				share = fields[4]
				break
			}
		}
		rows = append(rows, []string{part.name, share})
	}
	r.table([]string{"part", "share"}, rows)
	return nil
}

// parts are the functions worth a line, and how they are called there.
var parts = []struct{ name, function string }{
	{"all of the chain", "main.chain.serve"},
	{"the plugin and all after it", "plugin.(*Notunnel).ServeDNS"},
	{"· the cache and the stub", "cache.(*Cache).ServeDNS"},
	{"· decide", "plugin.(*Notunnel).decide"},
	{"·· split", "split.(*Name).Parse"},
	{"·· allow list", "verdict.(*AllowList).Covers"},
	{"·· the pair, looked up", "detect.(*pairs).lock"},
	{"·· meter", "meter.(*Meter).Charge"},
	{"·· window", "window.(*Rules).Observe"},
	{"··· measure", "detect.(*Engine).measure"},
	{"···· autoencoder", "autoencoder.(*Plan).Loss"},
	{"···· segmentation", "segment.Count"},
	{"·· joint window", "joint.(*Store).Observe"},
	{"·· score", "detect.(*Engine).score"},
	{"··· forest", "forest.(*Forest).Probability"},
	{"· learn from the reply", "plugin.(*Notunnel).learn"},
	{"garbage collection", "runtime.gcBgMarkWorker"},
}
