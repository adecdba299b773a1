// Command compose puts training traffic together where recordings are scarce:
// benign sessions from real host names, hard benign families made after their
// published formats, and tunnels of every usual encoding. It writes two DNS
// logs, composed-benign.tsv.gz and composed-tunnel.tsv.gz, whose source column
// names the family, so that composed rows stay recognizable in every report.
//
// Rate, type mix, twins, retransmission, reply style and TTL come from the same
// distributions for both classes (habits.go); only the names differ. Parameters
// are drawn anew for every session, so that no fixed signature can be learned.
// The same seed gives the same bytes.
package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/pflag"
	"golang.org/x/term"
)

func main() {
	namesFile := pflag.String("names", "", "host names: name, days seen, origins; tab separated, gzip")
	out := pflag.String("out", ".", "folder to write to")
	seed := pflag.Uint64("seed", 1, "seed of all randomness")
	perFamily := pflag.Int("sessions", 250, "sessions of each composed family")
	ordinary := pflag.Int("ordinary", 12000, "sessions over real names of one SLD; 0: one over every SLD")
	pflag.Parse()
	if *namesFile == "" || pflag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "usage: compose --names FILE [--out DIR] [--seed N] [--sessions N] [--ordinary N]")
		os.Exit(2)
	}
	if err := compose(*namesFile, *out, *seed, *perFamily, *ordinary); err != nil {
		fmt.Fprintln(os.Stderr, "compose:", err)
		os.Exit(1)
	}
}

func compose(namesFile, out string, seed uint64, perFamily, ordinary int) error {
	world, err := readNames(namesFile)
	if err != nil {
		return err
	}
	benign, tunnels := benignFamilies(world), tunnelFamilies()
	r := rand.New(rand.NewPCG(seed, 1))
	visited := world.zones
	if ordinary > 0 {
		visited = make([]*zone, ordinary)
		for i := range visited {
			visited[i] = world.zones[r.IntN(len(world.zones))]
		}
	}
	bar := progressbar.NewOptions(len(visited)+perFamily*(len(benign)+len(tunnels)),
		progressbar.OptionSetDescription("sessions"),
		progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionSetVisibility(term.IsTerminal(int(os.Stderr.Fd()))),
		progressbar.OptionShowCount(),
	)
	defer bar.Finish()

	log, err := newLog(filepath.Join(out, "composed-benign.tsv.gz"))
	if err != nil {
		return err
	}
	for _, zone := range visited {
		log.session(r, "names", zone.sld, zone.visit(r), "")
		bar.Add(1)
	}
	for _, f := range benign {
		for range perFamily {
			log.session(r, f.name, world.freshSLD(r), f.start(r), f.habit)
			bar.Add(1)
		}
	}
	if err := log.close(); err != nil {
		return err
	}

	if log, err = newLog(filepath.Join(out, "composed-tunnel.tsv.gz")); err != nil {
		return err
	}
	r = rand.New(rand.NewPCG(seed, 2))
	for _, f := range tunnels {
		for range perFamily {
			log.session(r, f.name, world.freshSLD(r), f.start(r), f.habit)
			bar.Add(1)
		}
	}
	return log.close()
}

// family is a kind of session. start draws the parameters of one session and
// returns what makes its prefixes, one after the other.
type family struct {
	name  string
	habit string // usual habit, see habits.go; "" for none
	start func(r *rand.Rand) namer
}

// namer makes the next prefix: unescaped bytes, labels parted by dots.
type namer func() string
