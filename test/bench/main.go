// Command bench measures what the detector costs and writes test/BENCHMARKS.md and
// test/bench/TABLES.md:
//
//	go run ./test/bench [PART...]
//
// run at the root of the module, on Linux. With parts named (chain, pace, …) only these
// are measured and printed. Everything goes over loopback or
// none at all, and ends by itself within some minutes. What needs a package
// that is not there (dnsperf, ONNX Runtime: make deps) is left out, and the
// report says so.
//
// Wall time on a busy machine swings by a factor of four, so costs are CPU time
// and what is compared is measured in turns.
package main

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"time"
)

const (
	output = "test/BENCHMARKS.md"
	tables = "test/bench/TABLES.md"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) == 4 && os.Args[1] == counted {
		return serveCounted(os.Args[2], os.Args[3])
	}
	var text bytes.Buffer
	r := &report{w: &text}
	r.printf("# What the detector costs, in full\n\n")
	r.text("Written by `make bench` on %s. CPU time unless it says otherwise; medians and ratios of rounds taken in turns, because other work on the machine makes single figures swing.", machine())
	for _, part := range []struct {
		name string
		run  func() error
	}{
		{"memory", func() error { return memory(r) }}, // first: nothing else is in the heap
		{"chain", func() error { return chains(r) }},
		{"counts", func() error { return counts(r) }},
		{"pace", func() error { return pace(r) }},
		{"resolver", func() error { return resolvers(r) }},
		{"onnx", func() error { return against(r) }},
		{"alternatives", func() error { return alternatives(r) }},
		{"scale", func() error { return scale(r) }},
		{"growth", func() error { return growth(r) }},
		{"stages", func() error { return stages(r) }},
	} {
		if wanted := os.Args[1:]; len(wanted) > 0 && !slices.Contains(wanted, part.name) {
			continue
		}
		begin := time.Now()
		if err := part.run(); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		fmt.Printf("%s: %v\n", part.name, time.Since(begin).Round(time.Second))
	}
	if r.err != nil {
		return r.err
	}
	if len(os.Args) > 1 {
		_, err := os.Stdout.Write(text.Bytes())
		return err
	}
	if err := os.WriteFile(tables, text.Bytes(), 0o666); err != nil {
		return err
	}
	return os.WriteFile(output, []byte(r.short("bench/TABLES.md")), 0o666)
}
