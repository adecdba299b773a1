// Command compose puts training traffic together where recordings are scarce:
// benign sessions from real host names, hard benign families made after their
// published formats, whole clients of many SLDs, tunnels of every usual encoding,
// downloads, beacons, rotation, and, for testing alone, the formats of named tools.
// It writes one DNS log a family, and one a rhythm for tunnels. Some hold ordinary
// names of the same clients too, so that a row is of the family that its source
// column names; that begins with "composed-", so that composed rows stay
// recognizable in every report. unseen-prefixes.txt.gz
// has prefixes of SLDs that the autoencoder is to be validated on and must not
// be trained on.
//
// Gaps, type mix, twins, retransmission, reply style and TTL come from the same
// distributions for both classes (habits.go); only the names and how many of
// them are asked for differ, and what replies hold where that belongs to the
// family (reply.go, download.go, texts.go). Parameters are drawn anew for every session, so
// that no fixed signature can be learned. The same seed gives the same bytes.
//
// With --networks it writes logs of whole networks instead, to measure budgets on;
// see package networks.
package main

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/notunnel/notunnel/model/train/compose/networks"
)

func main() {
	namesFile := pflag.String("names", "", "host names: name, days seen, origins; tab separated, gzip")
	out := pflag.String("out", ".", "folder to write to")
	seed := pflag.Uint64("seed", 1, "seed of all randomness")
	perFamily := pflag.Int("sessions", 250, "sessions of each composed family and rhythm")
	ordinary := pflag.Int("ordinary", 4, "sessions over each SLD with enough real names, and as many over mixed ones")
	only := pflag.StringSlice("only", nil, "write these logs alone: names, as path/filepath.Match has them, without .tsv.gz")
	whole := pflag.Bool("networks", false, "write whole networks, one log a pattern, instead")
	days := pflag.Int("days", 2, "days of a network")
	pflag.Parse()
	if *namesFile == "" || pflag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "usage: compose --names FILE [--out DIR] [--seed N] [--sessions N] [--ordinary N] [--only NAME,…] [--networks [--days N]]")
		os.Exit(2)
	}
	write := func() error { return compose(*namesFile, *out, *seed, *perFamily, *ordinary, *only) }
	if *whole {
		write = func() error { return composeNetworks(*namesFile, *out, *seed, *days) }
	}
	if err := write(); err != nil {
		fmt.Fprintln(os.Stderr, "compose:", err)
		os.Exit(1)
	}
}

func compose(namesFile, out string, seed uint64, perFamily, ordinary int, only []string) error {
	world, err := readNames(namesFile)
	if err != nil {
		return err
	}
	if err := world.writeUnseen(filepath.Join(out, "unseen-prefixes.txt.gz")); err != nil {
		return err
	}
	c := &composer{world: world, out: out, seed: seed, only: only}
	benign, whole, tunnels, formats := benignFamilies(world), clients(world), tunnelFamilies(), formats()
	visits, logs := ordinary*len(world.zones), len(benign)+len(whole)+len(formats)
	for _, f := range tunnels {
		logs += len(f.rhythms)
	}
	c.bar = progressbar.NewOptions(2*visits+ordinary*len(world.topped)+len(world.remote)+perFamily*logs,
		progressbar.OptionSetDescription("clients"),
		progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionSetVisibility(term.IsTerminal(int(os.Stderr.Fd()))),
		progressbar.OptionShowCount(),
	)
	defer c.bar.Finish()

	real := func(family string, zones []*zone) func(r *rand.Rand, i int) client {
		return func(r *rand.Rand, i int) client {
			zone := zones[i%len(zones)]
			s := ordinarySession(r, family, zone.sld)
			s.next = zone.visit(r)
			s.names = min(s.names, len(zone.prefixes))
			return client{s}
		}
	}
	if err := c.write("benign-names", visits, real("names", world.zones)); err != nil {
		return err
	}
	if err := c.write("benign-popular", ordinary*len(world.topped), real("popular", world.topped)); err != nil {
		return err
	}
	if err := c.write("benign-indexed", len(world.remote), real("indexed", world.remote)); err != nil {
		return err
	}
	if err := c.write("benign-mixed", visits, func(r *rand.Rand, _ int) client {
		s := ordinarySession(r, "mixed", world.freshSLD(r))
		s.next = world.mixture(r)
		return client{s}
	}); err != nil {
		return err
	}
	for _, f := range benign {
		if err := c.write("benign-"+f.name, perFamily, func(r *rand.Rand, _ int) client {
			return client{f.session(r, world)}
		}); err != nil {
			return err
		}
	}
	for _, f := range whole {
		if err := c.write("benign-"+f.name, perFamily, func(r *rand.Rand, _ int) client { return f.start(r) }); err != nil {
			return err
		}
	}
	for _, f := range tunnels {
		for _, h := range f.rhythms {
			if err := c.write("tunnel-"+f.name+"-"+h.name, perFamily, func(r *rand.Rand, _ int) client {
				return f.start(r, world, h)
			}); err != nil {
				return err
			}
		}
	}
	for _, f := range formats {
		if err := c.write("format-"+f.name, perFamily, func(r *rand.Rand, _ int) client {
			return client{f.session(r, world)}
		}); err != nil {
			return err
		}
	}
	return nil
}

// composeNetworks writes the log of each pattern of network.
func composeNetworks(namesFile, out string, seed uint64, days int) error {
	world, err := readNames(namesFile)
	if err != nil {
		return err
	}
	names := world.forNetworks()
	for _, p := range networks.Patterns() {
		if err := p.Write(out, names, seed, days); err != nil {
			return err
		}
	}
	return nil
}

// forNetworks are the names that somebody was seen asking for.
func (w *world) forNetworks() *networks.Names {
	names := &networks.Names{SLDs: w.slds, Labels: w.labels}
	for _, z := range w.named {
		names.AddZone(z.sld, z.prefixes, z.days)
	}
	return names
}

// composer writes the logs of families.
type composer struct {
	world *world
	out   string
	seed  uint64
	only  []string // patterns of the logs that are wanted; none: all
	bar   *progressbar.ProgressBar
}

// write writes n clients to the log of that name, which is not made for none. Each
// log has randomness of its own: a family more or less leaves the others as they
// are, but for those that draw among families (clients, rotations, keyUploads).
func (c *composer) write(name string, n int, make func(r *rand.Rand, i int) client) error {
	if n == 0 || !c.wants(name) {
		return nil
	}
	log, err := newLog(filepath.Join(c.out, name+".tsv.gz"))
	if err != nil {
		return err
	}
	id := fnv.New64a()
	id.Write([]byte(name))
	r := rand.New(rand.NewPCG(c.seed, id.Sum64()))
	for i := range n {
		log.write(r, make(r, i))
		c.bar.Add(1)
	}
	return log.close()
}

// wants reports whether the log of that name is wanted.
func (c *composer) wants(name string) bool {
	return len(c.only) == 0 || slices.ContainsFunc(c.only, func(pattern string) bool {
		matches, _ := filepath.Match(pattern, name)
		return matches
	})
}

// ordinarySession is a session over ordinary names, but for the names.
func ordinarySession(r *rand.Rand, family, sld string) *session {
	return &session{
		family: family, slds: []string{sld},
		names:  visited(r, r.IntN(3) == 0),
		again:  revisits(r),
		habits: newHabits(r, "", benignGap(r)),
	}
}

// revisits draws the chance that a name comes again, as caches expire and
// people return. Crawlers and scanners ask once.
func revisits(r *rand.Rand) float64 { return max(0, r.Float64()*1.1-0.4) }

// session is a session of a hard benign family.
func (f *family) session(r *rand.Rand, w *world) *session {
	sld := w.freshSLD(r)
	if len(f.zones) > 0 && r.IntN(4) > 0 {
		sld = f.zones[r.IntN(len(f.zones))]
	}
	s := &session{
		family: f.name, slds: []string{sld},
		next:   f.start(r),
		names:  visited(r, f.crowd && r.IntN(2) == 0),
		again:  revisits(r),
		habits: newHabits(r, f.habit, benignGap(r)),
	}
	if f.says != nil {
		s.habits.follow(r, f.habit)
		s.habits.says = f.says(r)
	}
	return s
}

// family is a kind of hard benign session. start draws the parameters of one
// session and returns what makes its prefixes, one after the other.
type family struct {
	name  string
	habit string   // usual habit, see habits.go
	zones []string // where three of four sessions are; none: below any SLD
	crowd bool     // asked by forwarders and mail servers too
	// says is how its servers reply, where that belongs to what it is, and then
	// its habit holds in every session; nil for any style.
	says  func(r *rand.Rand) answer
	start func(r *rand.Rand) namer
}

// namer makes the next prefix: unescaped bytes, labels parted by dots.
type namer func() string
