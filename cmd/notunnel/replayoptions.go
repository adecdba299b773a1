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

// replayOptions say how recorded traffic is read, and by what engine it is judged.
type replayOptions struct {
	threshold float64
	window    time.Duration
	clients   []int // bits of an IPv4 and of an IPv6 address that make one, nil: the default
	allow     []string
	deny      []string
	exempt    []string
	budget    []string
	popular   string
	model     string
	ports     []uint
	columns   map[string]string
}

// recordings is what the usage says of files that are replayed.
const recordings = "FILE is a capture or a DNS log of any form that \"notunnel scan --forms\" lists, plain or compressed (gzip, bzip2, xz, zstd, lz4); - is standard input."

// add adds the options to those of a subcommand.
func (o *replayOptions) add(c *commandLine) {
	c.Float64Var(&o.threshold, "threshold", 0, "score in (0,1] from which a pair is flagged (default: the model's own)")
	c.DurationVar(&o.window, "window", detect.Default().Window, "how far back a window reaches")
	c.IntSliceVar(&o.clients, "client-prefix", nil, "BITS4,BITS6: bits of an IPv4 and of an IPv6 address that make one client (default 32,64)")
	c.StringSliceVar(&o.allow, "allow", nil, "domain, or file of domains (an argument with a slash), never judged; may be repeated")
	c.StringSliceVar(&o.deny, "deny", nil, "domain, or file of domains (an argument with a slash), always blocked; may be repeated")
	c.StringSliceVar(&o.exempt, "exempt", nil, "network or address of clients never judged; may be repeated")
	c.StringSliceVar(&o.budget, "budget", nil, "UP,DOWN[,CLIENT] or off: information that a client may carry out and bring in, a day and unknown SLD; CLIENT: out to all of them (default 256KiB,64KiB)")
	c.StringVar(&o.popular, "popular", "", "file of domains that many people use, or none (default: the shipped list)")
	c.StringVar(&o.model, "model", "", "folder of the models (default: the embedded ones)")
	c.UintSliceVar(&o.ports, "port", nil, "port that DNS is served on in captures; may be repeated (default 53)")
	c.StringToStringVar(&o.columns, "map", nil, "where other logs have what is read: time=COLUMN,client=COLUMN,name=COLUMN,type=COLUMN[,rcode=COLUMN]; of JSON lines dotted keys, of CSV names of columns or their numbers")
}

var errBits = errors.New("--client-prefix: two numbers are wanted, bits of an IPv4 and of an IPv6 address, such as 32,64")

// check says what is wrong with the values of options.
func (o *replayOptions) check(c *commandLine) error {
	switch {
	case c.Changed("threshold") && !(o.threshold > 0 && o.threshold <= 1):
		return fmt.Errorf("--threshold %v is not in (0,1]", o.threshold)
	case o.window <= 0:
		return fmt.Errorf("--window %v is not positive", o.window)
	case c.Changed("client-prefix") && len(o.clients) != 2:
		return errBits
	}
	return nil
}

// input is how files are to be read.
func (o *replayOptions) input() (capture.Options, error) {
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
func (o *replayOptions) engine(stderr io.Writer) (*detect.Engine, error) {
	config, err := o.config(stderr)
	if err != nil {
		return nil, err
	}
	return detect.New(config, nil)
}

// config is that of the engine.
func (o *replayOptions) config(stderr io.Writer) (detect.Config, error) {
	config := detect.Default()
	config.Thresholds, config.Window, config.Key = forest.All(o.threshold), o.window, newKey()
	if o.clients != nil {
		config.Bits4, config.Bits6 = o.clients[0], o.clients[1]
		if _, err := subject.NewNetworks(config.Bits4, config.Bits6); err != nil {
			return config, fmt.Errorf("--client-prefix: %w", err)
		}
	}
	config.Allow = verdict.Shipped()
	for _, arg := range o.allow {
		add := func(name string) error { return config.Allow.Add(name, "--allow") }
		if strings.Contains(arg, "/") {
			add = config.Allow.AddFile
		}
		if err := add(arg); err != nil {
			return config, fmt.Errorf("--allow: %w", err)
		}
	}
	denied, err := o.denied(config.Allow)
	if err != nil {
		return config, fmt.Errorf("--deny: %w", err)
	}
	config.Deny = denied
	if o.budget != nil {
		var err error
		if config.Budget, err = meter.ParseLimits(o.budget); err != nil {
			return config, fmt.Errorf("--budget: %w", err)
		}
	}
	if config.Standing, err = o.standing(); err != nil {
		return config, fmt.Errorf("--popular: %w", err)
	}
	for _, arg := range o.exempt {
		network, err := subject.ParseNetwork(arg)
		if err != nil {
			return config, fmt.Errorf("--exempt: %w", err)
		}
		config.Exempt = append(config.Exempt, network)
	}
	if config.Models, err = o.models(); err != nil {
		return config, err
	}
	for _, said := range config.Models.CutByOthers(psl.Version) {
		fmt.Fprintln(stderr, said)
	}
	return config, nil
}

func (o *replayOptions) standing() (*standing.List, error) {
	switch o.popular {
	case "":
		return standing.Shipped(), nil
	case "none":
		return standing.None(), nil
	}
	return standing.Read(o.popular)
}

func (o *replayOptions) models() (*model.Models, error) {
	if o.model == "" {
		return model.Embedded()
	}
	return model.Load(os.DirFS(o.model), o.model)
}

// newKey is where a replay has its key from. Under another key another label is taken for
// a known one, once in a few thousand, so that tests which compare runs need the same.
var newKey = keyhash.New
