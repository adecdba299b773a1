//go:build gate

package main

import (
	"slices"
	"testing"
)

// The bounds below are far from what is measured (BENCHMARKS.md), so that they
// hold on a busy machine, and near enough to see a change for the worse that a
// user would. Each compares CPU times of one run, taken in turns.

// With notunnel the chain in one process takes about 1.25 times as long.
func TestGateChain(t *testing.T) {
	bare, err := startChain("")
	if err != nil {
		t.Fatal(err)
	}
	defer bare.stop()
	with, err := startChain(monitor)
	if err != nil {
		t.Fatal(err)
	}
	defer with.stop()
	names, err := newTrace("../samples/names.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var ratios []float64
	for range 11 {
		all := names.next(20_000)
		a := per(len(all), func() { bare.serve(all) })
		b := per(len(all), func() { with.serve(all) })
		ratios = append(ratios, b/a)
	}
	if ratio := median(ratios); ratio > 1.75 {
		t.Errorf("with notunnel the chain takes %.2f times as long, at most 1.75 wanted", ratio)
	} else {
		t.Logf("with notunnel the chain takes %.2f times as long", ratio)
	}
}

// A flood of new domains costs as much when each one evicts another as it does
// at first.
func TestGateFlood(t *testing.T) {
	c, err := newCrowd(8192)
	if err != nil {
		t.Fatal(err)
	}
	const steps, queries = 10, 30_000
	var costs []float64
	for step := range steps {
		costs = append(costs, per(queries, func() {
			for i := range queries {
				c.ask(1, step*queries+i, i)
			}
		}))
	}
	early, late := slices.Min(costs[:steps/2]), slices.Min(costs[steps/2:])
	t.Logf("a query of the flood costs %.0f ns at first and %.0f later", early, late)
	if late > 2*early {
		t.Errorf("a query of the flood costs %.0f ns at first and %.0f later, at most twice as much wanted", early, late)
	}
}
