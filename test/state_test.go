package test

import (
	"os"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// writeFile puts a file in the place of another at once.
func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func TestMonitorBlocksNothing(t *testing.T) {
	sample := tunnel(t)
	f := start(t, "notunnel {\n mode monitor\n}", sample.Answer)
	if passed := replay(t, f.from("127.0.0.2"), sample, dns.RcodeNameError); passed != len(sample.Lookups) {
		t.Errorf("%d of %d queries passed", passed, len(sample.Lookups))
	}
	flags := f.flags(t)
	if len(flags) != 1 || flags[0].Action != "monitor" || flags[0].Client != "127.0.0.2" || flags[0].SLD != sld(t, sample) {
		t.Errorf("flags %+v, want one of the sample's pair with action=monitor", flags)
	}
	m := f.scrape(t)
	if n := m.Sum("coredns_notunnel_flags_total"); n != 1 {
		t.Errorf("flags_total is %v, want 1", n)
	}
	if n := m.Sum("coredns_notunnel_queries_total", "verdict", "block"); n == 0 {
		t.Error("no query is counted as one that would be blocked")
	}
	f.healthy(t)
}

func TestExemptClientIsNotJudged(t *testing.T) {
	sample := tunnel(t)
	f := start(t, "notunnel {\n exempt 127.0.0.2\n}", sample.Answer)
	if passed := replay(t, f.from("127.0.0.2"), sample, dns.RcodeNameError); passed != len(sample.Lookups) {
		t.Errorf("of the exempt client %d of %d queries passed", passed, len(sample.Lookups))
	}
	if passed := replay(t, f.from("127.0.0.3"), sample, dns.RcodeNameError); passed > mostLeaked {
		t.Errorf("of another client %d queries passed", passed)
	}
}

// Everything judged is counted, under labels that no client can choose.
func TestMetricLabels(t *testing.T) {
	sample := tunnel(t)
	f := start(t, "notunnel", sample.Answer)
	replay(t, f.from("127.0.0.2"), sample, dns.RcodeNameError)
	ask(t, f.from("127.0.0.2"), "localhost", dns.TypeA, dns.RcodeSuccess)
	ask(t, f.from("127.0.0.2"), "www.ordinary-site.org", dns.TypeA, dns.RcodeSuccess)
	m := f.scrape(t)
	if n := m.Sum("coredns_notunnel_queries_total"); n != float64(len(sample.Lookups)+1) {
		t.Errorf("queries_total is %v, want %d", n, len(sample.Lookups)+1)
	}
	if n := m.Sum("coredns_notunnel_windows"); n < 1 {
		t.Errorf("windows is %v", n)
	}
	for name, family := range m {
		if !strings.HasPrefix(name, "coredns_notunnel_") {
			continue
		}
		for _, series := range family.GetMetric() {
			for _, l := range series.GetLabel() {
				if !map[string]bool{"server": true, "zone": true, "view": true, "verdict": true, "stage": true, "reason": true}[l.GetName()] {
					t.Errorf("%s has the label %s=%q", name, l.GetName(), l.GetValue())
				}
			}
		}
	}
}
