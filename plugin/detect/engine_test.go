package detect

import (
	"encoding/base32"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/model"
	"github.com/notunnel/notunnel/model/forest"
	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// engine makes one of the built-in models and what the test wants different.
func engine(t *testing.T, change func(*Config)) *Engine {
	t.Helper()
	models, err := model.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	config := Default()
	config.Models, config.Allow = models, verdict.Shipped()
	if change != nil {
		change(&config)
	}
	e, err := New(config, nil)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

var client = netip.MustParseAddr("192.0.2.1")

// ask is what the engine says of a query.
func ask(e *Engine, q Query) *Decision {
	d := new(Decision)
	e.Query(q, d)
	return d
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	models, err := model.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"no models", func(c *Config) { c.Models = nil }, "no models"},
		{"threshold", func(c *Config) { c.Thresholds = forest.All(1.01) }, "threshold 1.01 of unknown domains"},
		{"threshold of some", func(c *Config) { c.Thresholds.Popular = 0.5 }, "threshold 0 of unknown domains"},
		{"capacity", func(c *Config) { c.Capacity = 0 }, "capacity 0"},
		{"window", func(c *Config) { c.Window = 0 }, "window 0s"},
		{"block time", func(c *Config) { c.BlockFor = -time.Second }, "block time -1s"},
		{"client prefix of IPv4", func(c *Config) { c.Bits4 = 33 }, "/33"},
		{"client prefix of IPv6", func(c *Config) { c.Bits6 = -1 }, "/-1"},
	} {
		config := Default()
		config.Models = models
		c.change(&config)
		if _, err := New(config, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

func TestWhy(t *testing.T) {
	e := engine(t, func(c *Config) {
		c.Exempt = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fe80::/10")}
		if err := c.Allow.Add("allowed.org", "test"); err != nil {
			t.Fatal(err)
		}
	})
	for _, c := range []struct {
		name, client string
		want         Why
	}{
		{"www.example.com.", "192.0.2.1", Judged},
		{"www.example.com.", "9.255.255.255", Judged},
		{"www.example.com.", "10.1.2.3", Exempt},
		{"www.example.com.", "::ffff:10.1.2.3", Exempt},
		{"www.example.com.", "fe80::1%eth0", Exempt},
		{"www.example.com.", "2001:db8::1", Judged},
		{"allowed.org.", "192.0.2.1", Allowed},
		{`a.\065LLOWED.org.`, "192.0.2.1", Allowed},
		{"notallowed.org.", "192.0.2.1", Judged},
		{"localhost.", "192.0.2.1", NoSLD},
		{"co.uk.", "192.0.2.1", NoSLD},
		{".", "192.0.2.1", NoSLD},
		{"printer.office.local.", "192.0.2.1", Local},
		{"1.2.0.192.in-addr.arpa.", "192.0.2.1", Local},
		{"1.1.1.8.in-addr.arpa.", "192.0.2.1", Reverse},
		{"x.1.1.1.8.in-addr.arpa.", "192.0.2.1", Judged},
		{`www.example.com\`, "192.0.2.1", Malformed},
	} {
		d := ask(e, Query{Name: c.name, Type: dns.TypeA, Client: netip.MustParseAddr(c.client), At: time.Unix(1e9, 0)})
		if d.Why != c.want || d.Verdict != verdict.Pass || d.Ticket.Valid() != (c.want == Judged || c.want == Reverse) {
			t.Errorf("%s from %s: %v, verdict %v, ticket %v; want %v", c.name, c.client, d.Why, d.Verdict, d.Ticket.Valid(), c.want)
		}
	}
}

// Addresses of one client share a window, others do not.
func TestClientPrefix(t *testing.T) {
	e := engine(t, func(c *Config) { c.Bits4, c.Bits6 = 24, 64 })
	events := func(client string) int {
		var d Decision
		e.Identify(Query{Name: "www.example.com.", Client: netip.MustParseAddr(client)}, &d)
		sum, _ := e.Summary(&d)
		return sum.Events
	}
	for i, from := range []string{"192.0.2.1", "192.0.2.200", "2001:db8::1", "2001:db8::ffff"} {
		ask(e, Query{Name: fmt.Sprintf("host%d.example.com.", i), Client: netip.MustParseAddr(from), At: time.Unix(1e9, 0)})
	}
	for client, want := range map[string]int{"192.0.2.77": 2, "::ffff:192.0.2.77": 2, "192.0.3.1": 0, "2001:db8::7": 2, "2001:db8:0:1::1": 0} {
		if got := events(client); got != want {
			t.Errorf("%s has %d events, want %d", client, got, want)
		}
	}
}

// The life of a pair: watched while evidence is short, flagged once, blocked
// until it has been quiet for long enough.
func TestTunnelIsFlaggedOnceAndReleased(t *testing.T) {
	e, r, at := engine(t, nil), rand.New(rand.NewPCG(1, 2)), time.Unix(1e9, 0)
	query := func() *Decision {
		data := make([]byte, 30)
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		at = at.Add(time.Second)
		name := strings.ToLower(base32.StdEncoding.EncodeToString(data)) + ".bad\\010sld.org."
		return ask(e, Query{Name: name, Type: dns.TypeTXT, Client: client, At: at})
	}
	queries, bytes := 0, 0
	var flag *flags.Flag
	for flag == nil {
		d := query()
		if queries++; queries > 100 {
			t.Fatal("100 queries of a tunnel, and no flag")
		}
		if flag = d.Flagged; flag == nil {
			bytes += 48 // 30 bytes in base32
			if d.Verdict == verdict.Block {
				t.Fatal("blocked, but not flagged")
			}
		} else if d.Verdict != verdict.Block || !d.Scored {
			t.Errorf("flagged with verdict %v", d.Verdict)
		}
	}
	if flag.Queries != uint64(queries) || flag.LeakedBytes != uint64(bytes) {
		t.Errorf("%d queries and %d bytes, want %d and %d", flag.Queries, flag.LeakedBytes, queries, bytes)
	}
	if flag.SLD != "bad\nsld.org" || flag.Scope != flag.SLD || flag.Client.String() != "192.0.2.1" || flag.Ground != verdict.Model || len(flag.Reasons) == 0 {
		t.Errorf("%+v", flag)
	}
	for range 10 {
		if d := query(); d.Verdict != verdict.Block || d.Flagged != nil || d.Ticket.Valid() {
			t.Fatalf("after the flag: %+v", d)
		}
	}
	at = at.Add(Default().BlockFor + time.Minute)
	if d := query(); d.Verdict != verdict.Pass || !d.Ticket.Valid() {
		t.Errorf("after an hour: %+v", d)
	}
}

// An engine without a forest observes and judges nothing.
func TestNoForestNoVerdict(t *testing.T) {
	e := engine(t, func(c *Config) {
		without := *c.Models
		without.Forest = nil
		c.Models = &without
	})
	for i := range 200 {
		d := ask(e, Query{Name: fmt.Sprintf("%x%x.example.com.", i*7919, i*104729*7919), Type: dns.TypeTXT, Client: client, At: time.Unix(1e9, 0)})
		if d.Scored || d.Verdict != verdict.Pass {
			t.Fatalf("query %d: %+v", i, d)
		}
	}
}
