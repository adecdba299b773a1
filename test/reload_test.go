package test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

func TestFlagsSurviveReload(t *testing.T) {
	sample := tunnel(t)
	f := start(t, "notunnel", sample.Answer)
	guilty := f.from("127.0.0.2")
	replay(t, guilty, sample, dns.RcodeNameError)
	zone := sld(t, sample)
	asked := f.upstream.Asked(zone)

	// The second one has options of its own, so that a new engine is made.
	for _, config := range []string{"notunnel", "notunnel {\n block_for 2h\n window 30m\n}"} {
		f.write(t, config)
		if err := f.Reload(); err != nil {
			t.Fatal(err)
		}
		ask(t, guilty, "first.after-reload."+zone, dns.TypeA, dns.RcodeNameError)
		ask(t, f.from("127.0.0.3"), "www.other-site.org", dns.TypeA, dns.RcodeSuccess)
	}
	if f.upstream.Asked(zone) != asked {
		t.Error("a query of the blocked pair reached the upstream after a reload")
	}
	if flags := f.flags(t); len(flags) != 1 {
		t.Errorf("%d flags, want the one from before the reloads", len(flags))
	}
	f.healthy(t)
}

// A Corefile can fail after every plugin has started, when an address is taken.
func TestFailedReloadLeavesEverythingAsItWas(t *testing.T) {
	sample := tunnel(t)
	profile := "127.0.0.1:" + freePort(t)
	f := start(t, "pprof "+profile+"\n notunnel", sample.Answer)
	guilty, zone := f.from("127.0.0.2"), sld(t, sample)
	replay(t, guilty, sample, dns.RcodeNameError)
	for i := range 300 {
		ask(t, f.from("127.0.0.3"), fmt.Sprintf("www.site-%d.org", i), dns.TypeA, dns.RcodeSuccess)
	}
	taken := taken(t)
	allow := filepath.Join(t.TempDir(), "allow.txt")
	writeFile(t, allow, "allowed.example.org\n")
	before := f.scrape(t)
	for i := range 10 {
		f.write(t, fmt.Sprintf("pprof %s\n notunnel {\n capacity %d\n allow %s\n}", profile, 10+i, allow))
		add(t, f.corefile, ".:"+port(taken)+" {\n bind 127.0.0.1\n whoami\n}\n")
		if err := f.FailToReload(); err != nil {
			t.Fatal(err)
		}
	}
	after := f.scrape(t)
	for _, name := range []string{"coredns_notunnel_windows", "coredns_notunnel_evictions_total"} {
		if after.Sum(name) != before.Sum(name) {
			t.Errorf("%s is %v, was %v before the failed reloads", name, after.Sum(name), before.Sum(name))
		}
	}
	for _, left := range []string{"notunnel/plugin", "fsnotify"} {
		if stacks := goroutines(t, profile); strings.Contains(stacks, left) {
			t.Errorf("failed reloads left goroutines of %s:\n%s", left, stacks)
		}
	}
	ask(t, guilty, "after.failures."+zone, dns.TypeA, dns.RcodeNameError)

	f.write(t, "notunnel {\n capacity 1000\n}")
	if err := f.Reload(); err != nil {
		t.Fatal(err)
	}
	ask(t, guilty, "after.success."+zone, dns.TypeA, dns.RcodeNameError)
	if n, was := f.scrape(t).Sum("coredns_notunnel_windows"), before.Sum("coredns_notunnel_windows"); n < was {
		t.Errorf("%v windows after the reload that worked, %v before", n, was)
	}
	f.healthy(t)
}

// Views of one zone have the same keys; each has the options of its own block,
// and state of its own over a reload.
func TestViewsShareNothing(t *testing.T) {
	sample := tunnel(t)
	f := start(t, "notunnel", sample.Answer)
	zone := sld(t, sample)
	views := func(first, second string) {
		f.write(t, second)
		two, err := os.ReadFile(f.corefile)
		if err != nil {
			t.Fatal(err)
		}
		f.write(t, "view one {\n expr client_ip() == '127.0.0.2'\n}\n"+first)
		add(t, f.corefile, string(two))
		if err := f.Reload(); err != nil {
			t.Fatal(err)
		}
	}
	const small, large = "notunnel {\n capacity 64\n}", "notunnel {\n capacity 6400\n mode monitor\n}"
	views(small, large)
	for i := range 200 {
		ask(t, f.from("127.0.0.2"), fmt.Sprintf("www.site-%d.org", i), dns.TypeA, dns.RcodeSuccess)
		ask(t, f.from("127.0.0.3"), fmt.Sprintf("www.site-%d.org", i), dns.TypeA, dns.RcodeSuccess)
	}
	m := f.scrape(t)
	if n := m.Sum("coredns_notunnel_windows"); n != 64+200 {
		t.Errorf("%v windows, want 64 in the one view and 200 in the other", n)
	}
	if n := m.Sum("coredns_notunnel_evictions_total"); n != 200-64 {
		t.Errorf("%v evictions, want those of the small view, %d", n, 200-64)
	}

	replay(t, f.from("127.0.0.2"), sample, dns.RcodeNameError)
	ask(t, f.from("127.0.0.3"), "www."+zone, dns.TypeA, dns.RcodeSuccess)
	views("notunnel {\n capacity 65\n}", "notunnel {\n capacity 6500\n}")
	ask(t, f.from("127.0.0.2"), "first."+zone, dns.TypeA, dns.RcodeNameError)
	ask(t, f.from("127.0.0.3"), "first."+zone, dns.TypeA, dns.RcodeSuccess)
	if n := f.scrape(t).Sum("coredns_notunnel_windows"); n < 250 || n > 265 {
		t.Errorf("%v windows after the reload, want those of both views", n)
	}
	f.healthy(t)
}

// taken is an address that somebody listens on.
func taken(t *testing.T) net.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr()
}

// goroutines are the stacks of the resolver whose pprof listens there.
func goroutines(t *testing.T, addr string) string {
	t.Helper()
	reply, err := http.Get("http://" + addr + "/debug/pprof/goroutine?debug=2")
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	stacks, err := io.ReadAll(reply.Body)
	if err != nil || !strings.Contains(string(stacks), "goroutine 1 ") {
		t.Fatalf("no stacks, but %q, error %v", stacks, err)
	}
	return string(stacks)
}

// add appends to a file.
func add(t *testing.T, path, text string) {
	t.Helper()
	before, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, []byte(string(before)+text), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func port(addr net.Addr) string { return addr.String()[strings.LastIndexByte(addr.String(), ':')+1:] }
