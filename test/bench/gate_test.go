//go:build gate

package main

import (
	"slices"
	"testing"
)

// The bounds below are far from what is measured (BENCHMARKS.md), so that they
// hold on a busy machine, and near enough to see a change for the worse that a
// user would. Each compares CPU times of one run, taken in turns.

// With notunnel and every window full, the chain in one process takes about 1.4 times as
// long for what people ask for.
func TestGateChain(t *testing.T) {
	p, err := startPair(everyday, "../..", monitor)
	if err != nil {
		t.Fatal(err)
	}
	defer p.stop()
	var ratios, added []float64
	for i := range 11 {
		bare, with := p.round(i)
		ratios, added = append(ratios, with/bare), append(added, with-bare)
	}
	t.Logf("notunnel adds %.0f ns a query", median(added))
	if ratio := median(ratios); ratio > mostChain {
		t.Errorf("with notunnel the chain takes %.2f times as long, at most %.2f wanted", ratio, mostChain)
	} else {
		t.Logf("with notunnel the chain takes %.2f times as long", ratio)
	}
}

const mostChain = 1.75

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
