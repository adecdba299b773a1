package main

import (
	"bufio"
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
	ports     []uint
	columns   map[string]string
	forms     bool
}

// runScan is "notunnel scan": it replays recorded traffic through the engine
// that serves, and reports what would have been blocked.
func runScan(args []string, stdout, stderr io.Writer) int {
	var o scanOptions
	c := newCommandLine("scan", "[--json] [--all] [options] FILE...",
		"FILE is a capture or a DNS log of any form that --forms lists, plain or compressed (gzip, bzip2, xz, zstd, lz4); - is standard input.")
	c.files, c.alone = true, "forms"
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
	c.UintSliceVar(&o.ports, "port", nil, "port that DNS is served on in captures; may be repeated (default 53)")
	c.StringToStringVar(&o.columns, "map", nil, "where other logs have what is read: time=COLUMN,client=COLUMN,name=COLUMN,type=COLUMN[,rcode=COLUMN]; of JSON lines dotted keys, of CSV names of columns or their numbers")
	c.BoolVar(&o.forms, "forms", false, "list the forms that are read, and no more")
	return c.run(args, stdout, stderr, func(files []string) error {
		if o.forms {
			return writeForms(stdout)
		}
		if c.Changed("threshold") && !(o.threshold > 0 && o.threshold <= 1) {
			return fmt.Errorf("--threshold %v is not in (0,1]", o.threshold)
		}
		if o.window <= 0 {
			return fmt.Errorf("--window %v is not positive", o.window)
		}
		out := bufio.NewWriterSize(stdout, 1<<16)
		err := scan(o, files, out, stderr)
		return errors.Join(err, out.Flush())
	})
}

// scan replays the files in order and writes the report. Files that cannot be
// read are named, and keep nothing from being said of the others.
func scan(o scanOptions, files []string, stdout, stderr io.Writer) error {
	begin := time.Now()
	in, err := o.input()
	if err != nil {
		return err
	}
	engine, err := o.engine(stderr)
	if err != nil {
		return err
	}
	r := newReplay(engine, o.all)
	if o.queries && !o.json {
		return errors.New("--queries goes with --json")
	}
	if o.json {
		lines := jsonLines(stdout)
		if o.queries {
			r.each = func(q *queryReport) error { return lines.Encode(q) }
		}
		r.accounts.closed = func(p *pair) {
			if r.reports(p) && r.failed == nil {
				r.failed = lines.Encode(p.report())
			}
		}
	} else {
		r.accounts.closed = func(p *pair) {
			if r.reports(p) {
				r.untold++
			}
		}
	}
	unread := r.files(in, files, stderr)
	if r.failed != nil {
		return r.failed
	}
	if len(unread) == len(files) {
		return errors.Join(unread...)
	}
	for _, err := range unread {
		fmt.Fprintf(stderr, "notunnel scan: %v\n", err)
	}
	if err := r.flush(); err != nil {
		return err
	}
	write := r.writeTable
	if o.json {
		write = r.writeJSON
	}
	if r.untold > 0 {
		fmt.Fprintf(stderr, "%d pairs are not in the table, which holds %d: --json tells all\n", r.untold, mostPairs)
	}
	if err := write(stdout, time.Since(begin)); err != nil {
		return err
	}
	if len(unread) > 0 {
		return fmt.Errorf("%d of %d files could not be read, the report is of the others", len(unread), len(files))
	}
	return nil
}

// input is how files are to be read.
func (o *scanOptions) input() (capture.Options, error) {
	var in capture.Options
	for _, port := range o.ports {
		if port < 1 || port > 65535 {
			return in, fmt.Errorf("--port %d is not in 1 to 65535", port)
		}
		in.Ports = append(in.Ports, uint16(port))
	}
	if o.columns == nil {
		return in, nil
	}
	var err error
	if in.Columns, err = capture.NewColumns(o.columns); err != nil {
		return in, fmt.Errorf("--map: %w", err)
	}
	return in, nil
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
