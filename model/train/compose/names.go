package main

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// world is what is known of real names.
type world struct {
	zones  []*zone  // with enough names for a window to be judged
	slds   []string // all of them
	labels []string // real first labels, for families that ask for host words
	hosts  []string // real full names
}

// zone is the real names of one SLD.
type zone struct {
	sld      string
	prefixes []string
	days     []int // each was seen on, a measure of popularity
}

// enoughBytes of distinct prefixes let a zone's window come near the floor.
const enoughBytes = 75

// readNames groups host names by SLD. Errors name the line.
func readNames(path string) (*world, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	bySLD := map[string]*zone{}
	w := &world{}
	lines := bufio.NewScanner(z)
	for n := 1; lines.Scan(); n++ {
		columns := strings.Split(lines.Text(), "\t")
		if len(columns) < 2 {
			return nil, fmt.Errorf("%s:%d: name and days wanted, tab separated", path, n)
		}
		days, err := strconv.Atoi(columns[1])
		if err != nil {
			return nil, fmt.Errorf("%s:%d: days: %w", path, n, err)
		}
		name := strings.ToLower(columns[0])
		sld, err := publicsuffix.EffectiveTLDPlusOne(name)
		if err != nil || strings.HasSuffix(name, ".arpa") {
			continue // no SLD, nothing to compose
		}
		t := bySLD[sld]
		if t == nil {
			t = &zone{sld: sld}
			bySLD[sld] = t
			w.slds = append(w.slds, sld)
		}
		if name != sld {
			t.prefixes = append(t.prefixes, strings.TrimSuffix(name, "."+sld))
			t.days = append(t.days, days)
		}
		if n%7 == 0 {
			w.hosts = append(w.hosts, name)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, sld := range w.slds {
		t := bySLD[sld]
		bytes := 0
		for i, p := range t.prefixes {
			bytes += len(p)
			// A few of each SLD: a video platform has thousands of a kind.
			if first, _, _ := strings.Cut(p, "."); i < 3 && len(first) < 24 {
				w.labels = append(w.labels, first)
			}
		}
		if bytes >= enoughBytes {
			w.zones = append(w.zones, t)
		}
	}
	if len(w.zones) == 0 || len(w.labels) == 0 || len(w.hosts) == 0 {
		return nil, fmt.Errorf("%s: no SLD with enough names", path)
	}
	return w, nil
}

// visit asks for the zone's names: by popularity, as people do, or each in
// turn, as crawlers and certificate monitors do.
func (z *zone) visit(r *rand.Rand) namer {
	if r.IntN(2) == 0 {
		order, at := r.Perm(len(z.prefixes)), -1
		return func() string {
			at++
			return z.prefixes[order[at%len(order)]]
		}
	}
	sums, total := make([]float64, len(z.days)), 0.0
	for i, d := range z.days {
		// Names seen on all days carry most of the queries; who visits which
		// differs from client to client.
		total += math.Pow(float64(d)+1, 1.5) * r.ExpFloat64()
		sums[i] = total
	}
	return func() string {
		at, _ := slices.BinarySearch(sums, r.Float64()*total)
		return z.prefixes[min(at, len(z.prefixes)-1)]
	}
}

// freshSLD is a real SLD, so that nothing is to be learned from its look.
func (w *world) freshSLD(r *rand.Rand) string { return w.slds[r.IntN(len(w.slds))] }

func (w *world) label(r *rand.Rand) string { return w.labels[r.IntN(len(w.labels))] }

func (w *world) host(r *rand.Rand) string { return w.hosts[r.IntN(len(w.hosts))] }
