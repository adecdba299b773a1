package test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/test/lab"
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

// What monitor mode has flagged is enforced when the mode is block, after a reload as after
// a restart with state, and the start says how many flags that are.
func TestMonitorThenBlock(t *testing.T) {
	sample := tunnel(t)
	zone := sld(t, sample)
	block := "notunnel {\n state " + filepath.Join(t.TempDir(), "state") + "\n}"
	monitor := strings.Replace(block, "{", "{\n mode monitor", 1)
	f := start(t, monitor, sample.Answer)
	for _, client := range []string{"127.0.0.2", "127.0.0.3"} {
		if passed := replay(t, f.from(client), sample, dns.RcodeNameError); passed != len(sample.Lookups) {
			t.Errorf("%d of %d queries passed", passed, len(sample.Lookups))
		}
	}
	check := func(after string, rcode int) {
		t.Helper()
		for _, client := range []string{"127.0.0.2", "127.0.0.3"} {
			m := ask(t, f.from(client), "www."+zone, dns.TypeA, rcode)
			if (lab.BlockReason(m) != nil) != (rcode == dns.RcodeNameError) {
				t.Errorf("%s: %v", after, m)
			}
		}
		ask(t, f.from("127.0.0.4"), "www."+zone, dns.TypeA, dns.RcodeSuccess)
		f.healthy(t)
	}
	const said = "[WARNING] plugin/notunnel: mode block: 2 flags of mode monitor are enforced from now on"
	times := 0
	restart := func() {
		t.Helper()
		if err := f.Stop(); err != nil {
			t.Fatal(err)
		}
		f.again(t)
	}
	for _, change := range []func(){func() {
		if err := f.Reload(); err != nil {
			t.Fatal(err)
		}
	}, restart} {
		f.write(t, monitor)
		restart()
		check("monitor", dns.RcodeSuccess)
		f.write(t, block)
		change()
		f.says(t, said)
		check("block", dns.RcodeNameError)
		restart() // is no change of mode
		if n := f.Log.Count("of mode monitor"); n != 0 {
			t.Errorf("a restart in the same mode says %d times that flags are enforced", n)
		}
		times++
	}
	if flags := f.flags(t); len(flags) != 0 || times != 2 {
		t.Errorf("%d flags after the last start, want those from before", len(flags))
	}
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
	for _, stage := range strings.Fields("segment autoencoder forest query reply") {
		if !m.Has("coredns_notunnel_faults_total", "stage", stage) {
			t.Errorf("faults_total has no series for the stage %s before its first fault", stage)
		}
	}
	for name, family := range m {
		if !strings.HasPrefix(name, "coredns_notunnel_") {
			continue
		}
		for _, series := range family.GetMetric() {
			for _, l := range series.GetLabel() {
				if !map[string]bool{"server": true, "zone": true, "view": true, "verdict": true, "stage": true, "reason": true, "ground": true, "direction": true, "kind": true, "result": true, "receiver": true}[l.GetName()] {
					t.Errorf("%s has the label %s=%q", name, l.GetName(), l.GetValue())
				}
			}
		}
	}
}

// Metadata are there for plugins such as log, of each query its own.
func TestMetadataReachesTheLog(t *testing.T) {
	sample := tunnel(t)
	f := start(t, "log . \"seen {name} {/notunnel/verdict} {/notunnel/score}\"\n notunnel", sample.Answer)
	replay(t, f.from("127.0.0.2"), sample, dns.RcodeNameError)
	ask(t, f.from("127.0.0.2"), "www.ordinary-site.org", dns.TypeA, dns.RcodeSuccess)
	lines := func(expr string) int { return len(regexp.MustCompile(expr).FindAllString(f.Log.String(), -1)) }
	// A line is written when the reply has gone.
	if err := lab.Wait("line of the ordinary name", func() bool {
		return lines(`seen www\.ordinary-site\.org\. pass \S*\n`) == 1
	}); err != nil {
		t.Error(err)
	}
	if n := lines(`seen \S+ block 0\.\d{3}\n`); n != 1 {
		t.Errorf("%d queries blocked with a score, want the deciding one alone", n)
	}
	if n := lines(`seen \S+ block \S*\n`); n < 2 {
		t.Errorf("%d queries blocked, want the rest of the tunnel's", n)
	}
}

// A flag that nobody renews ends by itself, and then evidence begins anew.
func TestBlockRunsOut(t *testing.T) {
	const quiet = 3 * time.Second // long: a pause of a busy machine must not end the block
	sample := tunnel(t)
	f := start(t, "notunnel {\n block_for 3s\n}", sample.Answer)
	guilty, zone := f.from("127.0.0.2"), sld(t, sample)
	passed := replay(t, guilty, sample, dns.RcodeNameError)
	time.Sleep(quiet + time.Second/2)
	asked := f.upstream.Asked(zone)
	ask(t, guilty, "www.after-quiet."+zone, dns.TypeA, dns.RcodeSuccess)
	if f.upstream.Asked(zone) != asked+1 {
		t.Error("the query after the block did not reach the upstream")
	}
	if again := replay(t, guilty, sample, dns.RcodeNameError); again == 0 || again > mostLeaked {
		t.Errorf("%d queries of the tunnel passed, %d the first time", again, passed)
	}
	if flags := f.flags(t); len(flags) != 2 {
		t.Errorf("%d flags, want 2", len(flags))
	}
	f.healthy(t)
}
