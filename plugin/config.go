package notunnel

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"

	"github.com/notunnel/notunnel/model/forest"
	"github.com/notunnel/notunnel/plugin/admin"
	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/events"
	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/subject"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// config is what the Corefile says.
type config struct {
	zones      []string
	monitor    bool // decide, count and log, but never answer
	refuse     bool // answer REFUSED instead of NXDOMAIN
	engine     detect.Config
	allow      verdict.AllowList // domains named in the Corefile itself
	allowFiles []string          // absolute or relative to the working directory
	deny       []string          // domains, as Add of a deny list takes them
	denyFiles  []string
	clientIDs  clientIDs
	popular    string // file of popular domains, "" for the shipped list, none for none
	model      string // directory, "" for the embedded models
	state      string // file, "" for none
	admin      string // HOST:PORT, "" for none
	tokenFile  string // "" for none
	events     []events.Target
	token      admin.Token

	digests map[string]digest // of the files of each list when setup read them
}

// maxCapacity keeps a mistyped capacity from taking the whole machine: at
// about 1.5 KiB a window it is 24 GiB.
const maxCapacity = 1 << 24

// parse reads the directive. It has no side effects; files are read by setup.
func parse(c *caddy.Controller) (config, error) {
	cfg := config{engine: detect.Default()}
	root := dnsserver.GetConfig(c).Root
	for i := 0; c.Next(); i++ {
		if i > 0 {
			return cfg, c.Err("there is a second notunnel in this server block")
		}
		for _, zone := range c.RemainingArgs() {
			zones := plugin.Host(zone).NormalizeExact()
			if len(zones) == 0 {
				return cfg, c.Errf("%q is not a zone", zone)
			}
			cfg.zones = append(cfg.zones, zones...)
		}
		if cfg.zones == nil {
			cfg.zones = plugin.OriginsFromArgsOrServerBlock(nil, c.ServerBlockKeys)
		}
		seen := map[string]bool{}
		for c.NextBlock() {
			name := c.Val()
			option, ok := options[name]
			if !ok {
				return cfg, c.Errf("unknown option %q", name)
			}
			if seen[name] && !option.repeats {
				return cfg, c.Errf("option %q is given twice", name)
			}
			seen[name] = true
			args := c.RemainingArgs()
			if len(args) < option.min || len(args) > option.max {
				return cfg, c.Errf("%s takes %s", name, option.takes)
			}
			if err := option.set(&cfg, root, args); err != nil {
				return cfg, c.Errf("%s: %v", name, err)
			}
		}
	}
	return cfg, nil
}

// option is how one line of the block is read.
type option struct {
	min, max int // number of arguments
	takes    string
	repeats  bool
	set      func(cfg *config, root string, args []string) error
}

const many = 1 << 16

// none, as popular, is no file.
const none = "none"

var options = map[string]option{
	"mode":      {1, 1, "block or monitor", false, setMode},
	"action":    {1, 1, "nxdomain or refused", false, setAction},
	"threshold": {1, 2, "a score in (0,1] for known domains, and another for unknown ones", false, setThreshold},
	"window": {1, 1, "a duration", false, func(cfg *config, _ string, args []string) (err error) {
		cfg.engine.Window, err = duration(args[0])
		return err
	}},
	"block_for": {1, 1, "a duration", false, func(cfg *config, _ string, args []string) (err error) {
		cfg.engine.BlockFor, err = duration(args[0])
		return err
	}},
	"capacity": {1, 1, "a number of windows", false, func(cfg *config, _ string, args []string) (err error) {
		cfg.engine.Capacity, err = number(args[0], 1, maxCapacity)
		return err
	}},
	"client_prefix": {2, 2, "two numbers of bits, IPv4 and IPv6", false, setClientPrefix},
	"client_id":     {2, many, "mac, ecs or cpe, and the networks of those who are believed about it", true, setClientID},
	"allow":         {1, many, "domains or files", true, setAllow},
	"deny":          {1, many, "domains or files", true, setDeny},
	"exempt":        {1, many, "networks or addresses", true, setExempt},
	"budget": {1, 3, "UP DOWN [CLIENT], or off", false, func(cfg *config, _ string, args []string) (err error) {
		cfg.engine.Budget, err = meter.ParseLimits(args)
		return err
	}},
	"popular": {1, 1, "a file or none", false, func(cfg *config, root string, args []string) error {
		if cfg.popular = args[0]; args[0] != none {
			cfg.popular = under(root, args[0])
		}
		return nil
	}},
	"model": {1, 1, "a directory", false, func(cfg *config, root string, args []string) error {
		cfg.model = under(root, args[0])
		return nil
	}},
	"events": {1, 1, "a file or a URL", true, setEvents},
	"admin":  {1, 2, "an address and a token file", false, setAdmin},
	"state": {1, 1, "a file", false, func(cfg *config, root string, args []string) error {
		cfg.state = under(root, args[0])
		return nil
	}},
}

func setThreshold(cfg *config, _ string, args []string) error {
	var scores [2]float64 // of known domains, of unknown ones
	for i := range scores {
		text := args[min(i, len(args)-1)]
		x, err := strconv.ParseFloat(text, 64)
		if err != nil || !(x > 0 && x <= 1) {
			return fmt.Errorf("%q is not a score in (0,1]", text)
		}
		scores[i] = x
	}
	cfg.engine.Thresholds = forest.Thresholds{Unknown: scores[1], Listed: scores[0], Popular: scores[0]}
	return nil
}

func setMode(cfg *config, _ string, args []string) error {
	switch args[0] {
	case "block":
	case "monitor":
		cfg.monitor = true
	default:
		return fmt.Errorf("%q is neither block nor monitor", args[0])
	}
	return nil
}

func setAction(cfg *config, _ string, args []string) error {
	switch args[0] {
	case "nxdomain":
	case "refused":
		cfg.refuse = true
	default:
		return fmt.Errorf("%q is neither nxdomain nor refused", args[0])
	}
	return nil
}

func setClientPrefix(cfg *config, _ string, args []string) (err error) {
	if cfg.engine.Bits4, err = number(args[0], 0, 32); err != nil {
		return err
	}
	cfg.engine.Bits6, err = number(args[1], 0, 128)
	return err
}

// setAllow takes an argument with a slash for a file, any other for a domain.
func setAllow(cfg *config, root string, args []string) error {
	for _, arg := range args {
		if strings.Contains(arg, "/") {
			cfg.allowFiles = append(cfg.allowFiles, under(root, arg))
		} else if err := cfg.allow.Add(arg, "Corefile"); err != nil {
			return err
		}
	}
	return nil
}

// setDeny is setAllow for what is always blocked.
func setDeny(cfg *config, root string, args []string) error {
	check := verdict.NewDenyBuilder(nil)
	for _, arg := range args {
		if strings.Contains(arg, "/") {
			cfg.denyFiles = append(cfg.denyFiles, under(root, arg))
		} else if err := check.Add(arg); err != nil {
			return err
		} else {
			cfg.deny = append(cfg.deny, arg)
		}
	}
	return nil
}

func setAdmin(cfg *config, root string, args []string) error {
	cfg.admin = args[0]
	if len(args) > 1 {
		cfg.tokenFile = under(root, args[1])
	}
	return admin.CheckAddr(cfg.admin, cfg.tokenFile != "")
}

func setEvents(cfg *config, root string, args []string) error {
	target, err := events.ParseTarget(args[0], func(path string) string { return under(root, path) })
	if err != nil {
		return err
	}
	for _, known := range cfg.events {
		if known.Same(target) {
			return fmt.Errorf("%s is given twice", target)
		}
	}
	cfg.events = append(cfg.events, target)
	return nil
}

func setExempt(cfg *config, _ string, args []string) error {
	for _, arg := range args {
		network, err := subject.ParseNetwork(arg)
		if err != nil {
			return err
		}
		cfg.engine.Exempt = append(cfg.engine.Exempt, network)
	}
	return nil
}

func duration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < time.Second || d > 365*24*time.Hour {
		return 0, fmt.Errorf("%q is not a duration from 1s to a year, such as 1h or 30m", s)
	}
	return d, nil
}

func number(s string, low, high int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < low || n > high {
		return 0, fmt.Errorf("%q is not a number from %d to %d", s, low, high)
	}
	return n, nil
}

// under is the path, taken from CoreDNS's root if it is relative.
func under(root, path string) string {
	if filepath.IsAbs(path) || root == "" {
		return path
	}
	return filepath.Join(root, path)
}

// key tells engines apart: equal keys decide alike.
func (c *config) key() string {
	e := c.engine
	return fmt.Sprint(c.monitor, c.refuse, e.Thresholds, e.Window, e.BlockFor, e.Capacity, e.Bits4, e.Bits6, e.Budget,
		e.Exempt, c.allow, c.allowFiles, c.deny, c.denyFiles, c.popular, c.model, c.state,
		c.admin, c.tokenFile, events.Keys(c.events), e.Models.ID)
}
