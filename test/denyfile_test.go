package test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/test/lab"
)

// A denied name is blocked for every client from the first query on, counted by its
// ground and told once; what is allowed as well passes, and the start says so.
func TestDeny(t *testing.T) {
	hosts, zone := filepath.Join(t.TempDir(), "hosts"), filepath.Join(t.TempDir(), "policy.zone")
	writeFile(t, hosts, "127.0.0.1 localhost\n0.0.0.0 exact.example.net\n")
	writeFile(t, zone, "$TTL 60\n@ SOA a. b. 1 2 3 4 5\n*.under.example.net CNAME .\nfree.under.example.net CNAME rpz-passthru.\n32.1.2.0.192.rpz-ip CNAME .\n")
	f := start(t, "notunnel {\n deny denied.org both.org printer.local zip "+hosts+"\n deny "+zone+"\n allow both.org\n exempt 127.0.0.9\n}", lab.Address)
	for i, name := range strings.Fields("denied.org www.denied.org DENIED.org exact.example.net a.under.example.net a.printer.local zip") {
		for _, client := range []string{"127.0.0.2", "127.0.0.3"} {
			m := ask(t, f.from(client), name, dns.TypeA, dns.RcodeNameError)
			if e := lab.BlockReason(m); e == nil || !strings.Contains(e.ExtraText, "denied") {
				t.Errorf("%d: %s: reason %v", i, name, e)
			}
		}
	}
	for _, name := range strings.Fields("www.both.org www.exact.example.net under.example.net free.under.example.net localhost other.org") {
		ask(t, f.from("127.0.0.2"), name, dns.TypeA, dns.RcodeSuccess)
	}
	ask(t, f.from("127.0.0.9"), "www.denied.org", dns.TypeA, dns.RcodeSuccess)
	m := f.scrape(t)
	if n := m.Sum("coredns_notunnel_blocks_total", "ground", "deny"); n != 14 {
		t.Errorf("%v blocks on the ground deny, want 14", n)
	}
	if n := m.Sum("coredns_notunnel_flags_total"); n != 0 || len(f.flags(t)) != 0 {
		t.Errorf("%v flags, want none", n)
	}
	f.says(t, "denied sld=denied.org scope=denied.org client=127.0.0.3")
	if n := f.Log.Count("denied sld=denied.org scope=denied.org client=127.0.0.2 ground=deny action=block"); n != 1 {
		t.Errorf("%d lines about a client and a domain, want one an hour", n)
	}
	for _, want := range []string{"denied and allowed, and so allowed: both.org", "left out: 1 triggers that are no names, 0 other actions, 1 names of the machine itself"} {
		f.says(t, want)
	}
	f.healthy(t)
}

// A deny file is read anew when it changes; a bad one changes nothing.
func TestDenyFileChanges(t *testing.T) {
	file := filepath.Join(t.TempDir(), "deny.txt")
	writeFile(t, file, "first.org\n")
	f := start(t, "notunnel {\n mode block\n deny "+file+"\n}", lab.Address)
	is := func(name string, rcode int) bool {
		m, err := f.from("127.0.0.2").Ask(lab.Query(name, dns.TypeA, true))
		return err == nil && m.Rcode == rcode
	}
	if !is("www.first.org", dns.RcodeNameError) {
		t.Fatal("the first list is not in force")
	}
	writeFile(t, file, "second.org\n")
	if err := lab.Wait("second list in force", func() bool { return is("second.org", dns.RcodeNameError) }); err != nil {
		t.Fatal(err)
	}
	ask(t, f.from("127.0.0.2"), "www.first.org", dns.TypeA, dns.RcodeSuccess)
	writeFile(t, file, "third.org\nbad*line/\n")
	if err := lab.Wait("error that names file and line", func() bool {
		return regexp.MustCompile(`\[ERROR\].*deny.*` + regexp.QuoteMeta(file) + ":2.*stays in force").MatchString(f.Log.String())
	}); err != nil {
		t.Fatal(err)
	}
	ask(t, f.from("127.0.0.2"), "second.org", dns.TypeA, dns.RcodeNameError)
	ask(t, f.from("127.0.0.2"), "third.org", dns.TypeA, dns.RcodeSuccess)
	f.healthy(t)
}

// Monitor mode counts what it would deny.
func TestMonitorDeniesNothing(t *testing.T) {
	f := start(t, "notunnel {\n mode monitor\n deny denied.org\n}", lab.Address)
	ask(t, f.from("127.0.0.2"), "www.denied.org", dns.TypeA, dns.RcodeSuccess)
	if n := f.scrape(t).Sum("coredns_notunnel_blocks_total", "ground", "deny"); n != 1 {
		t.Errorf("%v blocks counted, want one", n)
	}
	f.says(t, "denied sld=denied.org scope=denied.org client=127.0.0.2 ground=deny action=monitor")
}
