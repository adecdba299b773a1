package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/notunnel/notunnel/cmd/notunnel/capture"
	"github.com/notunnel/notunnel/model"
	"github.com/notunnel/notunnel/model/forest"
	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/keyhash"
	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/split/psl"
	"github.com/notunnel/notunnel/plugin/standing"
	"github.com/notunnel/notunnel/plugin/subject"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// scanOptions are what notunnel scan is asked for.
type scanOptions struct {
	json, all bool
	threshold float64
	window    time.Duration
	allow     []string
	deny      []string
	exempt    []string
	budget    []string
	popular   string
	queries   bool
	model     string
}

// runScan is "notunnel scan": it replays recorded traffic through the engine
// that serves, and reports what would have been blocked.
func runScan(args []string, stdout, stderr io.Writer) int {
	var o scanOptions
	c := newCommandLine("scan", "[--json] [--all] [options] FILE...",
		"FILE is a capture (pcap, pcapng, dnstap) or a DNS log (notunnel's TSV, Zeek's dns.log), plain or gzip.")
	c.files = true
	c.BoolVar(&o.json, "json", false, "one JSON object a line: every blocked pair of SLD and client, then a summary")
	c.BoolVar(&o.all, "all", false, "report every judged pair, not the blocked ones alone")
	c.Float64Var(&o.threshold, "threshold", 0, "score in (0,1] from which a pair is flagged (default: the model's own)")
	c.DurationVar(&o.window, "window", detect.Default().Window, "how far back a window reaches")
	c.StringSliceVar(&o.allow, "allow", nil, "domain, or file of domains (an argument with a slash), never judged; may be repeated")
	c.StringSliceVar(&o.deny, "deny", nil, "domain, or file of domains (an argument with a slash), always blocked; may be repeated")
	c.StringSliceVar(&o.exempt, "exempt", nil, "network or address of clients never judged; may be repeated")
	c.StringSliceVar(&o.budget, "budget", nil, "UP,DOWN[,CLIENT] or off: information that a client may carry out and bring in, a day and unknown SLD; CLIENT: out to all of them (default 256KiB,64KiB)")
	c.StringVar(&o.popular, "popular", "", "file of domains that many people use, or none (default: the shipped list)")
	c.BoolVar(&o.queries, "queries", false, "with --json, one object for every query besides")
	c.StringVar(&o.model, "model", "", "folder of the models (default: the embedded ones)")
	return c.run(args, stdout, stderr, func(files []string) error {
		if c.Changed("threshold") && !(o.threshold > 0 && o.threshold <= 1) {
			return fmt.Errorf("--threshold %v is not in (0,1]", o.threshold)
		}
		if o.window <= 0 {
			return fmt.Errorf("--window %v is not positive", o.window)
		}
		return scan(o, files, stdout, stderr)
	})
}

// scan replays the files in order and writes the report.
func scan(o scanOptions, files []string, stdout, stderr io.Writer) error {
	begin := time.Now()
	engine, err := o.engine(stderr)
	if err != nil {
		return err
	}
	r := newReplay(engine, o.all)
	if o.queries {
		if !o.json {
			return errors.New("--queries goes with --json")
		}
		lines := jsonLines(stdout)
		r.each = func(q *queryReport) error { return lines.Encode(q) }
	}
	for _, file := range files {
		stats, err := scanFile(file, r, stderr)
		if err != nil {
			return err
		}
		r.malformed += stats.Malformed.N + r.nameless.N
		tell(stderr, file, "without a name that can be cut", r.nameless)
		r.truncated += stats.Truncated.N
		tell(stderr, file, "undecodable", stats.Malformed)
		tell(stderr, file, "cut short", stats.Truncated)
	}
	if err := r.flush(); err != nil {
		return err
	}
	elapsed := time.Since(begin)
	if o.json {
		return r.writeJSON(stdout, elapsed)
	}
	return r.writeTable(stdout, elapsed)
}

// tell names the defects of a file, if there are any.
func tell(stderr io.Writer, file, what string, c capture.Count) {
	if c.N > 0 {
		fmt.Fprintf(stderr, "%s: %d %s, first: %s\n", file, c.N, what, c.First)
	}
}

func scanFile(path string, r *replay, stderr io.Writer) (capture.Stats, error) {
	f, err := os.Open(path)
	if err != nil {
		return capture.Stats{}, err
	}
	defer f.Close()
	bar, err := fileProgress(f, stderr)
	if err != nil {
		return capture.Stats{}, err
	}
	defer bar.Finish()
	r.open(path)
	return capture.ReadFrom(io.TeeReader(f, bar), path, r)
}

// engine makes the engine that the options ask for.
func (o *scanOptions) engine(stderr io.Writer) (*detect.Engine, error) {
	config := detect.Default()
	config.Thresholds, config.Window, config.Key = forest.All(o.threshold), o.window, keyhash.New()
	config.Allow = verdict.Shipped()
	for _, arg := range o.allow {
		add := func(name string) error { return config.Allow.Add(name, "--allow") }
		if strings.Contains(arg, "/") {
			add = config.Allow.AddFile
		}
		if err := add(arg); err != nil {
			return nil, fmt.Errorf("--allow: %w", err)
		}
	}
	denied, err := o.denied(config.Allow)
	if err != nil {
		return nil, fmt.Errorf("--deny: %w", err)
	}
	config.Deny = denied
	if o.budget != nil {
		var err error
		if config.Budget, err = meter.ParseLimits(o.budget); err != nil {
			return nil, fmt.Errorf("--budget: %w", err)
		}
	}
	if config.Standing, err = o.standing(); err != nil {
		return nil, fmt.Errorf("--popular: %w", err)
	}
	for _, arg := range o.exempt {
		network, err := subject.ParseNetwork(arg)
		if err != nil {
			return nil, fmt.Errorf("--exempt: %w", err)
		}
		config.Exempt = append(config.Exempt, network)
	}
	if config.Models, err = o.models(); err != nil {
		return nil, err
	}
	for _, said := range config.Models.CutByOthers(psl.Version) {
		fmt.Fprintln(stderr, said)
	}
	return detect.New(config, nil)
}

func (o *scanOptions) standing() (*standing.List, error) {
	switch o.popular {
	case "":
		return standing.Shipped(), nil
	case "none":
		return standing.None(), nil
	}
	return standing.Read(o.popular)
}

func (o *scanOptions) models() (*model.Models, error) {
	if o.model == "" {
		return model.Embedded()
	}
	return model.Load(os.DirFS(o.model), o.model)
}
