package main

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"errors"
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
	topped []*zone  // the same, of the most popular SLDs
	named  []*zone  // with any
	donors []*zone  // the same, but the popular ones
	remote []*zone  // enough names, which only an index of the web knows
	unseen []*zone  // one SLD of twenty, drawn by the hash of its name
	slds   []string // all of them
	labels []string // real first labels, for families that ask for host words
	hosts  []string // real full names
	words  []string // that labels consist of, each once
}

// indexed is the origin of names that nobody was seen asking for: an index of
// pages in which rewriting proxies stand, whose names carry other names.
const indexed = "G"

// zone is the real names of one SLD.
type zone struct {
	sld      string
	top      bool // one of the most popular
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
	bySLD, remote := map[string]*zone{}, map[string]*zone{}
	w := &world{}
	lines := bufio.NewScanner(z)
	for n := 1; lines.Scan(); n++ {
		columns := strings.Split(lines.Text(), "\t")
		if len(columns) < 3 {
			return nil, fmt.Errorf("%s:%d: name, days and origins wanted, tab separated", path, n)
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
		of := bySLD
		if columns[2] == indexed {
			of = remote
		}
		t := of[sld]
		if t == nil {
			t = &zone{sld: sld}
			of[sld] = t
			if columns[2] == indexed {
				w.remote = append(w.remote, t)
			} else {
				w.slds = append(w.slds, sld)
			}
		}
		if name != sld {
			t.prefixes = append(t.prefixes, strings.TrimSuffix(name, "."+sld))
			t.days = append(t.days, days)
		}
		if columns[2] == indexed {
			continue
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
		for i, p := range t.prefixes {
			// A few of each SLD: a video platform has thousands of a kind.
			if first, _, _ := strings.Cut(p, "."); i < 3 && len(first) < 24 {
				w.labels = append(w.labels, first)
			}
		}
		if len(t.prefixes) > 0 {
			w.named = append(w.named, t)
		}
		if heldOut(sld) {
			w.unseen = append(w.unseen, t)
		}
		if t.enough() {
			w.zones = append(w.zones, t)
		}
	}
	w.words = wordsOf(w.labels)
	// Popular SLDs are tested, not learned from, as the published system does it.
	slices.SortStableFunc(w.zones, func(a, b *zone) int { return cmp.Compare(b.popularity(), a.popularity()) })
	top := min(popularSLDs, len(w.zones)/4)
	w.topped, w.zones = w.zones[:top], w.zones[top:]
	for _, z := range w.topped {
		z.top = true
	}
	w.donors = slices.DeleteFunc(slices.Clone(w.named), func(z *zone) bool { return z.top })
	w.remote = slices.DeleteFunc(w.remote, func(z *zone) bool { return !z.enough() })
	if len(w.zones) == 0 || len(w.labels) == 0 || len(w.hosts) == 0 {
		return nil, fmt.Errorf("%s: no SLD with enough names", path)
	}
	return w, nil
}

// popularSLDs is how many SLDs count as popular.
const popularSLDs = 500

// popularity is on how many days its names were among the most asked for, all
// names together.
func (z *zone) popularity() (days int) {
	for _, d := range z.days {
		days += d
	}
	return days
}

// heldOut draws one SLD of twenty, by its name alone.
func heldOut(sld string) bool {
	return hash64(sld)%20 == 0
}

// ofOneSLD is how many prefixes of an SLD are written at most.
const ofOneSLD = 50

// writeUnseen writes prefixes of the held-out SLDs that no other SLD has, one a
// line.
func (w *world) writeUnseen(path string) error {
	owners := map[string]int{}
	for _, z := range w.named {
		for _, p := range z.prefixes {
			owners[p]++
		}
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	zip := gzip.NewWriter(f)
	out := bufio.NewWriter(zip)
	for _, z := range w.unseen {
		for _, p := range z.prefixes[:min(len(z.prefixes), ofOneSLD)] {
			if owners[p] == 1 {
				fmt.Fprintln(out, p)
			}
		}
	}
	return errors.Join(out.Flush(), zip.Close(), f.Close())
}

// enough reports whether a client that asks for all the names can be judged.
func (z *zone) enough() bool {
	bytes := 0
	for _, p := range z.prefixes {
		bytes += len(p)
	}
	return len(z.prefixes) >= fewestNames && bytes >= enoughBytes
}

// visit asks for the zone's names, each once: popular ones first more often
// than not, as people do, or in any order, as crawlers do.
func (z *zone) visit(r *rand.Rand) namer {
	order := r.Perm(len(z.prefixes))
	if r.IntN(2) == 0 {
		// Exponential races: the order of drawing by weight without return.
		arrival := make([]float64, len(z.days))
		for i, d := range z.days {
			arrival[i] = r.ExpFloat64() / math.Pow(float64(d)+1, 1.5)
		}
		slices.SortFunc(order, func(a, b int) int { return cmp.Compare(arrival[a], arrival[b]) })
	}
	at := -1
	return func() string {
		at++
		return z.prefixes[order[at%len(order)]]
	}
}

// mixture is the names of an SLD that does not exist: real prefixes of a few
// others, none of them popular.
func (w *world) mixture(r *rand.Rand) namer {
	donors := make([]*zone, 1+r.IntN(5))
	for i := range donors {
		donors[i] = w.donors[r.IntN(len(w.donors))]
	}
	return func() string {
		// A donor with few names gives way to new ones, so that it does not
		// only repeat itself.
		i := r.IntN(len(donors))
		z := donors[i]
		if len(z.prefixes) < 2*fewestNames {
			donors[i] = w.donors[r.IntN(len(w.donors))]
		}
		return z.prefixes[r.IntN(len(z.prefixes))]
	}
}

// freshSLD is a real SLD, so that nothing is to be learned from its look; but
// none below which every name has an SLD of its own, as the list of public
// suffixes has it with a wildcard.
func (w *world) freshSLD(r *rand.Rand) string {
	for {
		sld := w.slds[r.IntN(len(w.slds))]
		if of, err := publicsuffix.EffectiveTLDPlusOne("a.b." + sld); err == nil && of == sld {
			return sld
		}
	}
}

func (w *world) label(r *rand.Rand) string { return w.labels[r.IntN(len(w.labels))] }

func (w *world) host(r *rand.Rand) string { return w.hosts[r.IntN(len(w.hosts))] }
