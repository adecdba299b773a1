package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/notunnel/notunnel/model/feature"
)

const (
	tunnelSample   = "../../test/samples/iodine-null.pcap"
	ordinarySample = "../../test/samples/ordinary-lookups.pcap"
)

// scanned runs the command and splits its JSON.
func scanned(t *testing.T, args ...string) (pairs []map[string]any, summary map[string]any) {
	t.Helper()
	var out, errs bytes.Buffer
	if status := run(append([]string{"scan", "--json"}, args...), &out, &errs); status != 0 {
		t.Fatalf("status %d: %s", status, &errs)
	}
	lines := json.NewDecoder(&out)
	for lines.More() {
		var object map[string]any
		if err := lines.Decode(&object); err != nil {
			t.Fatal(err)
		}
		switch {
		case summary != nil:
			t.Fatal("something follows the summary")
		case object["type"] == "window":
			pairs = append(pairs, object)
		case object["type"] == "summary":
			summary = object
		default:
			t.Fatalf("neither window nor summary: %v", object)
		}
	}
	return pairs, summary
}

func TestScanTunnel(t *testing.T) {
	pairs, summary := scanned(t, tunnelSample, ordinarySample)
	if len(pairs) != 1 {
		t.Fatalf("%d pairs blocked, want the tunnel alone: %v", len(pairs), pairs)
	}
	p := pairs[0]
	if p["sld"] != "tunnel-lab.com" || p["verdict"] != "block" || p["client"] == "" {
		t.Errorf("pair %v", p)
	}
	if leaked := p["leaked_queries"].(float64); leaked < 1 || leaked > 30 || leaked >= p["queries"].(float64) {
		t.Errorf("%v queries leaked of %v", leaked, p["queries"])
	}
	if p["leaked_bytes"].(float64) < 1 || p["blocked_at"].(float64) < p["first"].(float64) {
		t.Errorf("leaked_bytes %v, first %v, blocked_at %v", p["leaked_bytes"], p["first"], p["blocked_at"])
	}
	features := p["features"].(map[string]any)
	for _, name := range feature.Names {
		if _, ok := features[name].(float64); !ok {
			t.Errorf("no feature %s", name)
		}
	}
	if len(features) != feature.Count || len(p["reasons"].([]any)) == 0 {
		t.Errorf("%d features, reasons %v", len(features), p["reasons"])
	}
	if blocked := fmt.Sprint(summary["blocked_slds"]); blocked != "[tunnel-lab.com]" {
		t.Errorf("blocked_slds %s", blocked)
	}
	for _, name := range []string{"queries", "slds", "clients", "windows", "malformed", "truncated", "elapsed_s"} {
		if _, ok := summary[name].(float64); !ok {
			t.Errorf("the summary lacks %s", name)
		}
	}
}

func TestScanAll(t *testing.T) {
	pairs, summary := scanned(t, "--all", ordinarySample)
	if float64(len(pairs)) != summary["windows"] || len(pairs) < 20 {
		t.Fatalf("%d pairs, summary %v", len(pairs), summary)
	}
	queries := 0.0
	last := 0.0
	for _, p := range pairs {
		if p["verdict"] == "block" || p["blocked_at"] != nil {
			t.Errorf("an ordinary name is blocked: %v", p)
		}
		if first := p["first"].(float64); first < last {
			t.Error("pairs are not in the order of their first queries")
		} else {
			last = first
		}
		queries += p["queries"].(float64)
	}
	if total := summary["queries"].(float64); queries > total || queries == 0 {
		t.Errorf("%v queries in the pairs, %v in all", queries, total)
	}
}

// Options change what is said, each in its own way.
func TestScanOptions(t *testing.T) {
	client := func(p map[string]any) string { return p["client"].(string) }
	pairs, _ := scanned(t, tunnelSample)
	list := filepath.Join(t.TempDir(), "allowed")
	write(t, list, "# ours\ntunnel-lab.com # a test\n")
	for _, args := range [][]string{
		{"--allow", "tunnel-lab.com"}, {"--allow", "com"}, {"--allow", list},
		{"--exempt", client(pairs[0])}, {"--exempt", "10.0.0.0/8,192.168.0.0/16"}, {"--exempt", "::ffff:10.0.0.0/104"}, {"--threshold", "1"},
	} {
		if pairs, summary := scanned(t, append(args, tunnelSample)...); len(pairs) != 0 || summary["queries"].(float64) == 0 {
			t.Errorf("%v: still blocked: %v", args, pairs)
		}
	}
	if wide, _ := scanned(t, "--client-prefix", "8,32", tunnelSample); len(wide) != 1 || client(wide[0]) != "10.0.0.0/8" {
		t.Errorf("--client-prefix 8,32: %v", wide)
	}
	if low, _ := scanned(t, "--threshold", "0.5", "--window", "10m", tunnelSample); len(low) != 1 {
		t.Error("at a threshold of 0.5 nothing is blocked")
	}
}

// A client and a time that a log does not tell are the file and a second.
func TestScanUnknownClientAndTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "names.tsv")
	var log strings.Builder
	for i := range 30 {
		fmt.Fprintf(&log, "-\t-\thost%d.example-site.com\t1\t-\t[]\n", i%3)
	}
	write(t, path, log.String())
	pairs, summary := scanned(t, "--all", path)
	if len(pairs) != 1 || pairs[0]["client"] != "file:names.tsv" || summary["clients"] != 1.0 || pairs[0]["first"] != 1.0 || pairs[0]["queries"] != 30.0 {
		t.Errorf("%v, %v", pairs, summary)
	}
}

// Time does not go back from one file to the next, and windows go on.
func TestScanFilesInOrder(t *testing.T) {
	dir := t.TempDir()
	line := "%d\t192.0.2.1\t%s.example-site.com\t1\t0\t[]\n"
	write(t, filepath.Join(dir, "a"), fmt.Sprintf(line, 2000, "one"))
	write(t, filepath.Join(dir, "b"), fmt.Sprintf(line, 1000, "two"))
	pairs, _ := scanned(t, "--all", filepath.Join(dir, "a"), filepath.Join(dir, "b"))
	if len(pairs) != 1 || pairs[0]["queries"] != 2.0 || pairs[0]["first"] != 2000.0 {
		t.Errorf("%v", pairs)
	}
}

func TestScanTable(t *testing.T) {
	var out, errs bytes.Buffer
	if status := run([]string{"scan", tunnelSample}, &out, &errs); status != 0 {
		t.Fatal(errs.String())
	}
	for _, want := range []string{"tunnel-lab.com", "block", "1 SLDs blocked", "(benign"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, &out)
		}
	}
	out.Reset()
	run([]string{"scan", ordinarySample}, &out, &errs)
	if !strings.Contains(out.String(), "0 SLDs blocked") {
		t.Errorf("ordinary names:\n%s", &out)
	}
}

func TestScanDefectsAreTold(t *testing.T) {
	whole, err := os.ReadFile(tunnelSample)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "cut.pcap")
	write(t, path, string(whole[:len(whole)-5]))
	var out, errs bytes.Buffer
	if status := run([]string{"scan", "--json", path}, &out, &errs); status != 0 {
		t.Fatal(errs.String())
	}
	if !strings.Contains(errs.String(), "cut.pcap: 1 cut short") || !strings.Contains(out.String(), `"truncated":1`) {
		t.Errorf("stderr %q, stdout %q", &errs, &out)
	}
}

func TestBadUse(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.txt")
	write(t, bad, "good.example\nnot a domain\n")
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "usage: notunnel COMMAND"},
		{[]string{"frob"}, `unknown command "frob"`},
		{[]string{"scan"}, "usage: notunnel scan"},
		{[]string{"scan", "--frob", "x"}, "unknown flag: --frob"},
		{[]string{"scan", "--threshold", "1.5", tunnelSample}, "--threshold 1.5 is not in (0,1]"},
		{[]string{"scan", "--threshold", "0", tunnelSample}, "--threshold 0 is not in (0,1]"},
		{[]string{"scan", "--window", "-1h", tunnelSample}, "--window -1h0m0s is not positive"},
		{[]string{"scan", "--window", "0", tunnelSample}, "--window 0s is not positive"},
		{[]string{"scan", "--allow", "*.example", tunnelSample}, `--allow: "*.example" is not a domain`},
		{[]string{"scan", "--allow", "10.0.0.1", tunnelSample}, "--allow: \"10.0.0.1\" is an address"},
		{[]string{"scan", "--allow", bad, tunnelSample}, "bad.txt:2:"},
		{[]string{"scan", "--exempt", "10.0.0.0/40", tunnelSample}, `--exempt: "10.0.0.0/40"`},
		{[]string{"scan", "--exempt", "::ffff:10.0.0.0/90", tunnelSample}, `--exempt: "::ffff:10.0.0.0/90"`},
		{[]string{"scan", "--model", dir, tunnelSample}, "autoencoder"},
		{[]string{"scan", filepath.Join(dir, "none.pcap")}, "none.pcap"},
		{[]string{"scan", bad}, `bad.txt:1: in no known form: "good.example"`},
		{[]string{"features", "--sources", bad, tunnelSample}, "bad.txt:1: 1 columns"},
		{[]string{"encode", "-o", filepath.Join(dir, "x.npy"), filepath.Join(dir, "none")}, "none"},
	} {
		var out, errs bytes.Buffer
		if status := run(c.args, &out, &errs); status != 2 || !strings.Contains(errs.String(), c.want) || out.Len() > 0 {
			t.Errorf("%v: status %d, stderr %q, stdout %q; want 2 and %q", c.args, status, &errs, &out, c.want)
		}
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
