package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// counted is the argument that makes this command the process that is counted: then come
// with or without, and how many queries.
const counted = "counted"

const countedQueries = 100_000

// serveCounted fills all windows and puts so many queries through the chain.
func serveCounted(with, queries string) error {
	n, err := strconv.Atoi(queries)
	if err != nil {
		return err
	}
	t, err := newTrace(everyday, ".")
	if err != nil {
		return err
	}
	plugin := ""
	if with == "with" {
		plugin = monitor
	}
	c, err := startChain(plugin)
	if err != nil {
		return err
	}
	defer c.stop()
	c.serve(t.fill(fullPairs))
	c.serve(t.next(n))
	return nil
}

// The events that are told, by their place in a line of cachegrind's output.
const (
	instructions = iota
	firstMisses  // of the first-level cache of instructions
	dataMisses   // of the first-level cache of data, reads and writes
	lastMisses   // of the last level
	events
)

// counts says where the time of a query goes in instructions and misses of a simulated
// cache: counts that no other work on the machine can change.
func counts(r *report) error {
	r.section("Counted")
	valgrind, err := exec.LookPath("valgrind")
	if err != nil {
		r.text("Left out: no valgrind here.")
		return nil
	}
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	self := filepath.Join(dir, "bench") // what go run makes has no names of functions
	if out, err := exec.Command("go", "build", "-o", self, "./test/bench").CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	var added map[string][events]float64
	for _, with := range []string{"with", "without"} {
		cost, err := countedCost(valgrind, self, dir, with)
		if err != nil {
			return err
		}
		if added == nil {
			added = cost
			continue
		}
		for name, c := range cost {
			a := added[name]
			for i := range a {
				a[i] -= c[i]
			}
			added[name] = a
		}
	}
	groups, all := map[string][events]float64{}, [events]float64{}
	for name, c := range added {
		g := groups[groupOf(name)]
		for i := range g {
			g[i] += c[i]
			all[i] += c[i]
		}
		groups[groupOf(name)] = g
	}
	names := []string{}
	for name, c := range groups {
		if c[instructions] >= 30 {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return int(groups[b][instructions] - groups[a][instructions]) })
	rows := [][]string{row("all that notunnel adds", "%.1f", all[:]...)}
	for _, name := range names {
		c := groups[name]
		rows = append(rows, row(name, "%.1f", c[:]...))
	}
	r.text("What a query of the everyday mix takes more with notunnel than without, all windows full, by cachegrind: %d queries, no collection of garbage in them, "+
		"simulated caches of 32 KiB for instructions, 48 KiB for data and 8 MiB in all. By package; where a name is cut off, by who wrote it.", countedQueries)
	r.table([]string{"a query", "instructions", "instruction misses", "data misses", "last-level misses"}, rows)
	r.text("Nearly every line of code that a query runs has been driven out of the first-level cache since the last one: what costs is how much code there is, not what it loops over.")
	return nil
}

// countedCost is what a query takes, by function.
func countedCost(valgrind, self, dir, with string) (map[string][events]float64, error) {
	cost := map[string][events]float64{}
	for _, n := range []int{0, countedQueries} {
		file := filepath.Join(dir, with+strconv.Itoa(n))
		run := exec.Command(valgrind, "--tool=cachegrind", "--cache-sim=yes", "--I1=32768,8,64", "--D1=49152,12,64", "--LL=8388608,16,64",
			"--cachegrind-out-file="+file, self, counted, with, strconv.Itoa(n))
		run.Env = append(os.Environ(), "GOMAXPROCS=1", "GOGC=off", "GODEBUG=asyncpreemptoff=1")
		if out, err := run.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("valgrind: %w\n%.2000s", err, out)
		}
		if err := readCounts(file, cost, map[bool]float64{true: 1. / countedQueries, false: -1. / countedQueries}[n > 0]); err != nil {
			return nil, err
		}
	}
	return cost, nil
}

// readCounts adds what a file of cachegrind says of each function, times a factor. A
// line has its number, then Ir I1mr ILmr Dr D1mr DLmr Dw D1mw DLmw.
func readCounts(file string, cost map[string][events]float64, factor float64) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	name := ""
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if fn, ok := strings.CutPrefix(line, "fn="); ok {
			name = fn
			continue
		}
		fields := strings.Fields(line)
		if name == "" || len(fields) < 2 || fields[0][0] < '0' || fields[0][0] > '9' {
			continue
		}
		var v [9]float64
		for i := range min(len(fields)-1, len(v)) {
			v[i], _ = strconv.ParseFloat(fields[i+1], 64)
		}
		c := cost[name]
		for i, x := range [events]float64{v[0], v[1], v[4] + v[7], v[2] + v[5] + v[8]} {
			c[i] += factor * x
		}
		cost[name] = c
	}
	return lines.Err()
}

var ownPackage = regexp.MustCompile(`notunnel/notunnel/((?:plugin|model|segment|test)(?:/[a-z]+)?)`)

// groupOf is what a function's counts are shown under.
func groupOf(function string) string {
	if m := ownPackage.FindStringSubmatch(function); m != nil {
		return m[1]
	}
	for prefix, group := range map[string]string{
		"runtime": "Go's runtime", "internal": "Go's runtime", "sync": "Go's runtime", "github.com/coredns": "CoreDNS", "github.com/miekg": "miekg/dns",
		"github.com/dchest": "siphash", "github.com/prometheus": "prometheus",
	} {
		if strings.HasPrefix(function, prefix) {
			return group
		}
	}
	return "others"
}
