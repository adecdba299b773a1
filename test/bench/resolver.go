package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/test/lab"
)

const (
	perfStarts  = 24 // of resolvers that answer from the cache: where a process lies in memory is worth some percent
	perfRounds  = 48
	perfQueries = 50_000
	tick        = 10 * time.Millisecond // of a process's CPU time in /proc
)

// resolvers measures the running resolver under dnsperf, with and without
// notunnel, each a process of its own, in turns.
func resolvers(r *report) error {
	r.section("The running resolver under dnsperf")
	dnsperf, err := exec.LookPath("dnsperf")
	if err != nil {
		r.text("Left out: no dnsperf here. `make deps` installs it.")
		return nil
	}
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	bin, err := lab.Build(dir)
	if err != nil {
		return err
	}
	upstream, err := lab.StartUpstream(answer)
	if err != nil {
		return err
	}
	defer upstream.Stop()
	start := func() (serverPair, error) { return startServers(dir, bin, dnsperf, upstream.Addr) }
	t, err := newTrace(harsh, ".")
	if err != nil {
		return err
	}
	r.text("`bin/coredns` with `errors`, `prometheus`, `cache` and `forward` to an upstream on loopback, with and without notunnel (`mode monitor`), asked by dnsperf from one address, %d queries a round, in turns. "+
		"CPU is that of the resolver's process alone, which the system counts in steps of %v: %.1f ns of a query in a round.", perfQueries, tick, float64(tick)/perfQueries)

	warm := filepath.Join(dir, "warm")
	if err := writeCached(warm, t); err != nil {
		return err
	}
	if err := cached(r, start, warm); err != nil {
		return err
	}
	pair, err := start()
	if err != nil {
		return err
	}
	defer pair.stop()
	seen := map[string]bool{}
	asked, fresh := 0, 0
	var all bursts
	for round := range perfRounds {
		list := t.next(perfQueries)
		for _, q := range list {
			asked++
			if !seen[q.name] {
				seen[q.name] = true
				fresh++
			}
		}
		file := filepath.Join(dir, "mix")
		if err := writeQueries(file, list); err != nil {
			return err
		}
		if err := all.ask(pair, file, round); err != nil {
			return err
		}
	}
	all.tell(r, fmt.Sprintf("The harsh mix, new queries each round, %d rounds", perfRounds))
	r.text("Of these %d queries %.1f %% ask for a name never asked for before: what is new to one client of the trace is often known of another, and here all are one.", asked, 100*float64(fresh)/float64(asked))
	if err := delays(r, pair, warm); err != nil {
		return err
	}
	return footprint(r, pair, dir, bin, upstream.Addr)
}

func writeCached(file string, t *trace) error {
	var all []query
	for len(all) < 1000 {
		for _, q := range t.next(1000) {
			if q.tunnel == nil && q.qtype == dns.TypeA && len(all) < 1000 {
				all = append(all, q)
			}
		}
	}
	for len(all) < perfQueries {
		all = append(all, all[:1000]...)
	}
	random := rand.New(rand.NewPCG(traceSeed, 1))
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return writeQueries(file, all)
}

func writeQueries(file string, all []query) error {
	var b strings.Builder
	for _, q := range all {
		fmt.Fprintf(&b, "%s %s\n", q.name, dns.TypeToString[q.qtype])
	}
	return os.WriteFile(file, []byte(b.String()), 0o666)
}

// serverPair is a resolver without notunnel and one with it.
type serverPair [2]*server

func startServers(dir, bin, dnsperf, upstream string) (pair serverPair, err error) {
	for i, plugin := range []string{"", monitor} {
		if pair[i], err = startServer(dir, bin, plugin, upstream); err != nil {
			pair.stop()
			return pair, err
		}
		pair[i].dnsperf = dnsperf
	}
	return pair, nil
}

func (p serverPair) stop() {
	for _, s := range p {
		if s != nil {
			s.Stop()
		}
	}
}

// bursts are those of a pair: CPU in µs a query, queries a second.
type bursts struct{ cpu, rate [2][]float64 }

// ask asks both, each first every other round.
func (b *bursts) ask(pair serverPair, file string, round int) error {
	for turn := range 2 {
		which := (turn + round) % 2
		one, err := pair[which].ask(file)
		if err != nil {
			return err
		}
		b.cpu[which], b.rate[which] = append(b.cpu[which], one.cpu/1e3), append(b.rate[which], one.rate)
	}
	return nil
}

// cached measures answers from the cache, each time with resolvers that were started anew.
func cached(r *report, start func() (serverPair, error), warm string) error {
	var all bursts
	for i := range perfStarts {
		pair, err := start()
		if err != nil {
			return err
		}
		var unheeded, counted bursts
		for _, b := range []*bursts{&unheeded, &counted, &counted} {
			if err = b.ask(pair, warm, i+len(b.cpu[0])); err != nil {
				break
			}
		}
		pair.stop()
		if err != nil {
			return err
		}
		for which := range 2 {
			all.cpu[which] = append(all.cpu[which], mean(counted.cpu[which]))
			all.rate[which] = append(all.rate[which], mean(counted.rate[which]))
		}
	}
	more, half := all.tell(r, fmt.Sprintf("Answers from the cache, 1,000 names, asked before; both started %d times, two rounds each", perfStarts))
	r.figure("CPU of answers from the cache under dnsperf, more than without", fmt.Sprintf("%.1f %% ± %.1f", 100*more, 100*half), "3 %")
	return nil
}

// tell tells all, and returns how much more CPU the second takes, as a share, with half its
// interval.
func (b *bursts) tell(r *report, title string) (more, half float64) {
	over := func(a, b float64) float64 { return b / a }
	r.text("%s:", title)
	r.table([]string{"median", "without", "with", "ratio"}, [][]string{
		{"CPU per query, µs", fmt.Sprintf("%.2f", median(b.cpu[0])), fmt.Sprintf("%.2f", median(b.cpu[1])), fmt.Sprintf("%.3f", median(each(b.cpu[0], b.cpu[1], over)))},
		{"queries per second", fmt.Sprintf("%.0f", median(b.rate[0])), fmt.Sprintf("%.0f", median(b.rate[1])), fmt.Sprintf("%.3f", median(each(b.rate[0], b.rate[1], over)))},
	})
	added, width := interval(each(b.cpu[0], b.cpu[1], func(a, b float64) float64 { return b - a }))
	ratio, half := interval(each(b.cpu[0], b.cpu[1], over))
	r.text("Added: %.2f µs of CPU a query (95 %% confidence: ±%.2f), %.1f %% (±%.1f). %s", added, width, 100*(ratio-1), 100*half, bar(ratio-1, half, 0.03, "3 %"))
	return ratio - 1, half
}

// delays takes latencies at a rate well below what the resolver can do.
func delays(r *report, pair serverPair, file string) error {
	const rate = 8000
	quantiles := []float64{0.5, 0.99, 0.999}
	var all [2][3][]float64
	for round := range 4 {
		for turn := range 2 {
			which := (turn + round) % 2
			out, err := pair[which].perf(file, "-v", "-Q", strconv.Itoa(rate))
			if err != nil {
				return err
			}
			var took []float64
			for lines := bufio.NewScanner(strings.NewReader(out)); lines.Scan(); {
				fields := strings.Fields(lines.Text())
				if len(fields) > 1 && fields[0] == ">" {
					if s, err := strconv.ParseFloat(fields[len(fields)-1], 64); err == nil {
						took = append(took, 1e6*s)
					}
				}
			}
			if len(took) == 0 {
				return fmt.Errorf("dnsperf told no latencies:\n%.300s", out)
			}
			for i, q := range quantiles {
				all[which][i] = append(all[which][i], quantile(took, q))
			}
		}
	}
	var rows [][]string
	for i, q := range quantiles {
		a, b := median(all[0][i]), median(all[1][i])
		rows = append(rows, row(fmt.Sprintf("p%g", 100*q), "%.0f", a, b))
	}
	r.text("Latency of cached answers at %d queries a second, as dnsperf saw it, medians of 4 rounds:", rate)
	r.table([]string{"µs", "without", "with"}, rows)
	return nil
}

// footprint compares memory and start.
func footprint(r *report, pair serverPair, dir, bin, upstream string) error {
	var resident [2]float64
	for i, s := range pair {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.PID()))
		if err != nil {
			return err
		}
		if resident[i], err = figure(string(status), "VmRSS:"); err != nil {
			return err
		}
	}
	var ready [2][]float64
	for range 5 {
		for i, plugin := range []string{"", monitor} {
			s, err := startServer(dir, bin, plugin, upstream)
			if err != nil {
				return err
			}
			ready[i] = append(ready[i], float64(s.ready)/1e6)
			if err := s.Stop(); err != nil {
				return err
			}
		}
	}
	r.figure("resident after all that, MiB (without)", fmt.Sprintf("%.0f (%.0f)", resident[1]/1024, resident[0]/1024), "90")
	r.figure("start to ready, ms more than without", fmt.Sprintf("%.0f", median(ready[1])-median(ready[0])), "60")
	r.table([]string{"", "without", "with"}, [][]string{
		row("resident after all this, MiB (GOGC at its default)", "%.0f", resident[0]/1024, resident[1]/1024),
		row("start to ready, ms, median of 5", "%.0f", median(ready[0]), median(ready[1])),
	})
	return nil
}
