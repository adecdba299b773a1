package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/notunnel/notunnel/model/train/compose/networks"
	"github.com/notunnel/notunnel/plugin/forecast"
)

// forecasted runs the command with --json.
func forecasted(t *testing.T, args ...string) forecast.Report {
	t.Helper()
	var out, errs bytes.Buffer
	if status := run(append([]string{"forecast", "--json"}, args...), &out, &errs); status != 0 {
		t.Fatalf("%v: status %d: %s", args, status, &errs)
	}
	var r forecast.Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// smallWorld is names of real names' form.
func smallWorld() *networks.Names {
	n := &networks.Names{}
	for i := range 1500 {
		sld := fmt.Sprintf("site%d.com", i)
		n.AddZone(sld, []string{"www", "api", "static.cdn", fmt.Sprintf("host%d", i)}, []int{i % 20, 1, 2, 3})
		n.SLDs = append(n.SLDs, sld)
		n.Labels = append(n.Labels, []string{"mail", "files", "wiki", "build", "print"}[i%5]+fmt.Sprint(i))
	}
	return n
}

// network composes a day of a pattern's network and returns its log.
func network(t *testing.T, pattern string, seed uint64) string {
	t.Helper()
	all := networks.Patterns()
	at := slices.IndexFunc(all, func(p networks.Pattern) bool { return p.Name == pattern })
	if at < 0 {
		t.Fatalf("there is no pattern %s", pattern)
	}
	folder := t.TempDir()
	if err := all[at].Write(folder, smallWorld(), seed, 1); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(folder, all[at].File())
}

// Of whole networks the own domains and the servers are found, each for what it is, and
// nobody else: neither services that look like them nor desks. What nobody can tell, own
// domains in logs without replies, is not guessed.
func TestForecastFindsOwnDomainsAndServers(t *testing.T) {
	for pattern, want := range map[string]struct {
		own     int
		servers []string // by kind
		cautions,
		unknown bool
	}{
		"ad-workstation":         {own: 1},
		"help-desk":              {own: 1},
		"dc-partners":            {own: 1},
		"search-suffix-popular":  {own: 1},
		"search-suffix-unlisted": {own: 1},
		"k8s-node":               {own: 1},
		"inventory-3000":         {own: 1, servers: []string{"scanner"}},
		"scanner":                {own: 1, servers: []string{"scanner"}},
		"monitoring-300":         {own: 1, servers: []string{"monitoring"}},
		"msp-300-tenants":        {servers: []string{"monitoring", "monitoring"}},
		"reverse-6000":           {servers: []string{"addresses"}},
		"mail-server":            {servers: []string{"mail", "mail"}},
		"spf-macros":             {servers: []string{"mail"}},
		"dnsbl-200":              {servers: []string{"mail"}},
		"uribl":                  {servers: []string{"mail"}},
		"validating-resolver":    {servers: []string{"resolver", "resolver"}, cautions: true},
		"one-company":            {unknown: true},
		"browser-probes":         {unknown: true},
		"guid-telemetry":         {},
		"session-labels":         {},
		"backup-sessions":        {},
		"update-versions":        {},
		"acme":                   {},
		"enum":                   {},
		"iot-nat-2000":           {},
		"container-ids":          {unknown: true},
	} {
		if racing && pattern != "mail-server" { // the others differ in what is asked alone
			continue
		}
		t.Run(pattern, func(t *testing.T) {
			t.Parallel()
			r := forecasted(t, network(t, pattern, 3))
			kinds := []string{}
			for _, p := range r.Servers {
				kinds = append(kinds, p.Kind)
				if (p.Caution != "") != want.cautions || p.Line != "exempt "+p.What || len(p.Evidence) == 0 {
					t.Errorf("%+v", p)
				}
			}
			if len(r.Own) != want.own || strings.Join(kinds, " ") != strings.Join(want.servers, " ") {
				t.Errorf("own %+v, servers %+v", r.Own, r.Servers)
			}
			if said := strings.Contains(strings.Join(r.Unknown, "; "), "no replies were seen"); said != want.unknown {
				t.Errorf("not told: %q", r.Unknown)
			}
		})
	}
}

// The tightest budget refuses nobody in a second run, and the next smaller one somebody;
// with the lines that are proposed in force, the tighter one that goes with them does.
func TestForecastBudgetRefusesNobody(t *testing.T) {
	for _, pattern := range []string{"dnsbl-200", "monitoring-300", "session-labels"} {
		if racing && pattern != "dnsbl-200" {
			continue
		}
		t.Run(pattern, func(t *testing.T) {
			t.Parallel()
			log := network(t, pattern, 4)
			r := forecasted(t, log)
			refused := func(args ...string) (n int) {
				t.Helper()
				for _, b := range forecasted(t, append(args, log)...).Blocked {
					for _, c := range b.Clients {
						if c.Ground != "model" {
							n++
						}
					}
				}
				return n
			}
			tightest := strings.Join(r.Budget.Tightest, ",")
			if n := refused("--budget", tightest); n > 0 {
				t.Errorf("%s refuses %d pairs", tightest, n)
			}
			if n := refused("--budget", "1KiB,1KiB"); n == 0 {
				t.Errorf("1KiB refuses nobody, yet %s is called the tightest", tightest)
			}
			var args []string
			for _, line := range r.Lines {
				if words := strings.Fields(line); words[0] != "#" && words[0] != "budget" {
					args = append(args, "--"+words[0], words[1])
				}
			}
			after := strings.Join(r.Budget.After, ",")
			if n := refused(append(args, "--budget", after)...); n > 0 {
				t.Errorf("%s with %v refuses %d pairs", after, args, n)
			}
			if pattern != "session-labels" && (len(args) == 0 || after == tightest) {
				t.Errorf("%v, with which %s is enough instead of %s", args, after, tightest)
			}
			if last := r.Lines[len(r.Lines)-1]; last != "budget "+strings.Join(r.Budget.After, " ") {
				t.Errorf("last line %q", last)
			}
		})
	}
}

// A tunnel is told with client, ground, names and reasons, makes no budget larger, and is
// proposed for nothing.
func TestForecastTunnel(t *testing.T) {
	r := forecasted(t, tunnelSample, ordinarySample)
	if len(r.Blocked) != 1 || len(r.Own)+len(r.Servers)+len(r.Marked) != 0 {
		t.Fatalf("%+v", r)
	}
	b := r.Blocked[0]
	if b.Scope != "tunnel-lab.com" || b.Standing != "unknown" || len(b.Names) != 3 || len(b.Reasons) < 2 || len(b.Clients) != 1 ||
		b.Clients[0].Ground != "model" || b.Clients[0].Queries != b.Queries || b.Queries < 30 {
		t.Errorf("%+v", b)
	}
	if got := strings.Join(r.Budget.Tightest, " "); got != "1KiB 1KiB 1KiB" {
		t.Errorf("tightest %s", got)
	}
	if r.False.Low != 0 || r.False.High <= 0 || !strings.Contains(r.False.How, "nobody marked any") {
		t.Errorf("%+v", r.False)
	}
	for _, line := range r.Lines {
		if !strings.HasPrefix(line, "#") {
			t.Errorf("seconds of traffic are enough for %q", line)
		}
	}
	var page bytes.Buffer
	if err := writeForecast(&page, &r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"what block mode would have done", "│ tunnel-lab.com │ unknown  │ 10.99.9.2 │ model  │", "false blocks by the models: 0.0 to ", "budget now: 256KiB 64KiB", "# budget 1KiB", "not told by this:"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("%q is missing in\n%s", want, &page)
		}
	}
	if lines := strings.Count(page.String(), "\n"); lines > 60 {
		t.Errorf("%d lines are no page", lines)
	}
}

func TestForecastCalledWrongly(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"", "usage: notunnel forecast"},
		{"--admin 127.0.0.1:1", "cannot be reached"},
		{"--admin 127.0.0.1:1 " + tunnelSample, "either FILE or --admin"},
		{"--admin 127.0.0.1:1 --budget off", "--budget does not go with --admin"},
		{"--token x " + tunnelSample, "--token goes with --admin"},
		{"--threshold 2 " + tunnelSample, "not in (0,1]"},
		{"missing.pcap", "missing.pcap"},
	} {
		var out, errs bytes.Buffer
		if status := run(append([]string{"forecast"}, strings.Fields(c.args)...), &out, &errs); status != 2 || !strings.Contains(errs.String(), c.want) || out.Len() > 0 {
			t.Errorf("%s: status %d, %s%s", c.args, status, &out, &errs)
		}
	}
}
