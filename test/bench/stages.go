package main

import (
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// benchmark is a line of go test -bench.
var benchmark = regexp.MustCompile(`^Benchmark(\S+?)(?:-\d+)?\s+\d+\s+([\d.]+) ns/op(?:\s+([\d.]+) B/op\s+([\d.]+) allocs/op)?`)

// stages runs the benchmarks beside the code.
func stages(r *report) error {
	r.section("Stages")
	const times = 5
	out, err := exec.Command("go", "test", "-run", "^$", "-bench", ".", "-benchmem", "-benchtime", "100ms", "-count", strconv.Itoa(times),
		"./model/autoencoder", "./model/forest", "./model/feature", "./segment", "./plugin/split", "./plugin/verdict", "./plugin/window", "./plugin").CombinedOutput()
	if err != nil {
		return fmt.Errorf("go test -bench: %w\n%s", err, out)
	}
	type figures struct {
		name           string
		ns             []float64
		bytes, objects string
	}
	var found []*figures
	for line := range strings.Lines(string(out)) {
		if pkg, ok := strings.CutPrefix(line, "pkg: "); ok {
			found = append(found, &figures{name: strings.TrimPrefix(strings.TrimSpace(pkg), "github.com/notunnel/notunnel/")})
			continue
		}
		m := benchmark.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		ns, _ := strconv.ParseFloat(m[2], 64)
		name := "· " + strings.ReplaceAll(m[1], "_", " ")
		last := found[len(found)-1]
		if last.name != name {
			last = &figures{name: name, bytes: m[3], objects: m[4]}
			found = append(found, last)
		}
		last.ns = append(last.ns, ns)
	}
	r.text("`go test -bench` of every package on the way of a query, wall time, median and least of %d runs. A number after a name is the length of the prefix.", times)
	var rows [][]string
	for _, f := range found {
		if f.ns == nil {
			rows = append(rows, []string{"**" + f.name + "**", "", "", "", ""})
			continue
		}
		rows = append(rows, []string{f.name, fmt.Sprintf("%.0f", median(f.ns)), fmt.Sprintf("%.0f", quantile(f.ns, 0)), f.bytes, f.objects})
	}
	r.table([]string{"stage", "ns, median", "least", "bytes", "allocations"}, rows)
	return nil
}
