package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/notunnel/notunnel/model/train/compose/networks"
	"github.com/notunnel/notunnel/plugin/meter"
)

// names is a small world of real names' form.
func names() *networks.Names {
	n := &networks.Names{}
	for i := range 300 {
		sld := fmt.Sprintf("site%d.com", i)
		n.AddZone(sld, []string{"www", "api", "static.cdn", fmt.Sprintf("host%d", i)}, []int{i % 20, 1, 2, 3})
		n.SLDs = append(n.SLDs, sld)
		n.Labels = append(n.Labels, []string{"mail", "files", "wiki", "build", "print"}[i%5]+fmt.Sprint(i))
	}
	return n
}

func composed(t *testing.T, folder, pattern string) log {
	t.Helper()
	all := networks.Patterns()
	at := slices.IndexFunc(all, func(p networks.Pattern) bool { return p.Name == pattern })
	if at < 0 {
		t.Fatalf("there is no pattern %s", pattern)
	}
	if err := all[at].Write(folder, names(), 1, 1); err != nil {
		t.Fatal(err)
	}
	return log{name: pattern, path: filepath.Join(folder, all[at].File())}
}

// What people and machines do all day is refused nothing by the default budget.
func TestDefaultRefusesNothing(t *testing.T) {
	for _, pattern := range []string{"help-desk", "dc-partners", "backup-sessions", "update-versions", "dnsbl-200", "spf-macros", "acme", "enum", "guid-telemetry"} {
		t.Run(pattern, func(t *testing.T) {
			t.Parallel()
			r, err := measure(composed(t, t.TempDir(), pattern))
			if err != nil {
				t.Fatal(err)
			}
			if refused := r.refused[byDefault]; refused.queries > 0 || tries[byDefault].name != "default" {
				t.Errorf("%s, up %d of %s, down %d of %s", refused.String(), r.up.Up.Bytes(), r.up.Domain, r.down.Down.Bytes(), r.down.Domain)
			}
			if r.queries < 1000 || r.clients < 20 || r.up.Up == 0 {
				t.Errorf("%d queries of %d clients, %d bytes up", r.queries, r.clients, r.up.Up.Bytes())
			}
		})
	}
}

// A budget that is said to refuse nobody refuses nobody, and what a tighter one refuses
// is counted.
func TestTriesAgreeWithPeaks(t *testing.T) {
	r, err := measure(composed(t, t.TempDir(), "guid-telemetry"))
	if err != nil {
		t.Fatal(err)
	}
	for i, try := range tries {
		limits, err := meter.ParseLimits(try.limits)
		if err != nil {
			t.Fatal(err)
		}
		enough := limits.Up >= r.tightest.Up && limits.Down >= r.tightest.Down && (limits.Client == 0 || limits.Client >= r.tightest.Client)
		if enough && r.refused[i].queries > 0 || !enough && r.refused[i].queries == 0 {
			t.Errorf("%s: %s, but %+v is enough", try.name, r.refused[i].String(), r.tightest)
		}
	}
	if pairs := len(r.refused[0].pairs); pairs != 30 {
		t.Errorf("1KiB refuses %d pairs, want all 30 clients of the telemetry", pairs)
	}
}

func TestReport(t *testing.T) {
	folder := t.TempDir()
	first := composed(t, folder, "guid-telemetry")
	first.what = "telemetry"
	second := first
	second.name, second.recorded = "office", true
	var results []*result
	for _, l := range []log{first, second} {
		r, err := measure(l)
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, r)
	}
	var text bytes.Buffer
	writeReport(&text, results, 77)
	for _, want := range []string{
		"refuses nothing in any of 1 composed networks", "Before 1KiB 8KiB, at these: guid-telemetry (up).", "seed 77",
		"- **guid-telemetry**: telemetry", "| office | 30 |", "30 pairs",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is missing in\n%s", want, text.String())
		}
	}
	// Of recorded logs no names are given away.
	for line := range strings.Lines(text.String()) {
		if strings.HasPrefix(line, "| office") && strings.Contains(line, results[1].up.Domain) {
			t.Errorf("%s names a domain of a recorded log", line)
		}
	}
}

func TestUnreadable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "network-x.tsv.gz")
	if err := os.WriteFile(path, []byte("no log"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := measureAll([]log{{name: "x", path: path}}); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("%v does not name %s", err, path)
	}
}
