package detect

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/model/forest"
	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// Two replies that a client can tell apart are not one to the meter, or what they
// differ in is free.
func TestRepliesThatDifferAreChargedEachTime(t *testing.T) {
	many := func(n int, text func(i int) string) (all []string) {
		for i := range n {
			all = append(all, text(i))
		}
		return all
	}
	for _, c := range []struct {
		name          string
		first, second []string
	}{
		{"another address", []string{"A 192.0.2.1"}, []string{"A 192.0.2.2"}},
		{"another text", []string{`TXT "a"`}, []string{`TXT "b"`}},
		{"another flag of CAA", []string{`CAA 0 issue "ca.example"`}, []string{`CAA 1 issue "ca.example"`}},
		{"another priority of HTTPS", []string{"HTTPS 1 ."}, []string{"HTTPS 2 ."}},
		{"another serial of SOA", []string{"SOA a.example. b.example. 1 2 3 4 5"}, []string{"SOA a.example. b.example. 2 2 3 4 5"}},
		{"another preference of MX", []string{"MX 1 mail.example."}, []string{"MX 2 mail.example."}},
		{"another port of SRV", []string{"SRV 0 0 1 srv.example."}, []string{"SRV 0 0 2 srv.example."}},
		{"a text parted elsewhere", []string{`TXT "ab" "c"`}, []string{`TXT "a" "bc"`}},
		{"an empty string in a text", []string{`TXT "abc"`}, []string{`TXT "abc" ""`}},
		{"letter case of CNAME", []string{"CNAME cdn.example."}, []string{"CNAME cDn.example."}},
		{"letter case of PTR", []string{"PTR cdn.example."}, []string{"PTR CDN.example."}},
		{"another type without data", []string{`TYPE4000 \# 0`}, []string{`TYPE4001 \# 0`}},
		{"some of the known records", many(16, func(i int) string { return fmt.Sprintf("A 192.0.2.%d", i) }), []string{"A 192.0.2.7", "A 192.0.2.9"}},
		{"a known record twice", []string{"A 192.0.2.1"}, []string{"A 192.0.2.1", "A 192.0.2.1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, at := engine(t, nil), time.Unix(1.7e9, 0)
			d := ask(e, Query{Name: "www.replies-test.com.", Type: dns.TypeANY, Client: client, At: at})
			reply := func(records []string) meter.Bits {
				m := new(dns.Msg)
				for _, r := range records {
					m.Answer = append(m.Answer, record(t, r))
				}
				price, ok := e.Reply(d.Ticket, m, at)
				if !ok {
					t.Fatal("withheld")
				}
				return price
			}
			reply(c.first)
			if price := reply(c.second); price == 0 {
				t.Errorf("%v after %v is free", c.second, c.first)
			}
			if price := reply(c.second); price != 0 {
				t.Errorf("the very last reply again costs %d", price)
			}
		})
	}
}

// The names of the records are read by the client as well.
func TestOwnersOfRecordsAreCharged(t *testing.T) {
	e, at := engine(t, nil), time.Unix(1.7e9, 0)
	d := ask(e, Query{Name: "www.owners-test.com.", Type: dns.TypeA, Client: client, At: at})
	var paid meter.Bits
	r := rand.New(rand.NewPCG(3, 3))
	for range 10 {
		rr := record(t, "A 192.0.2.1")
		rr.Header().Name = randomLabel(r, base36, 60) + ".owners-test.com."
		price, _ := e.Reply(d.Ticket, &dns.Msg{Answer: []dns.RR{rr}}, at)
		paid += price
	}
	if paid.Bytes() < 10*30 {
		t.Errorf("600 characters of owners went for %d bytes", paid.Bytes())
	}
}

// A /16 that is asked as a second key has the limits of one zone when names are judged
// below it.
func TestSecondKeyLendsNoLimitToItsOwnNames(t *testing.T) {
	for _, before := range []string{"", "1.1.77.8.in-addr.arpa."} {
		e := engine(t, func(c *Config) { c.Budget, c.Thresholds = meter.Limits{Up: meter.FromBytes(1 << 10)}, forest.All(1) })
		r, at := rand.New(rand.NewPCG(3, 1)), time.Unix(1.7e9, 0)
		if before != "" {
			ask(e, Query{Name: before, Type: dns.TypePTR, Client: client, At: at})
		}
		passed := 0
		for range 2000 {
			d := ask(e, Query{Name: randomLabel(r, hexa, 32) + ".x.77.8.in-addr.arpa.", Type: dns.TypeA, Client: client, At: at})
			if d.Verdict != verdict.Block {
				passed += 16
			}
		}
		if passed > 1<<10 {
			t.Errorf("after %q %d bytes passed, at most %d wanted", before, passed, 1<<10)
		}
	}
}

// A query that its second key refuses is not charged to its SLD.
func TestRefusedQueriesAreChargedNowhere(t *testing.T) {
	e := engine(t, func(c *Config) { c.Budget, c.Thresholds = meter.Limits{Up: meter.FromBytes(64)}, forest.All(1) })
	r, at := rand.New(rand.NewPCG(3, 2)), time.Unix(1.7e9, 0)
	for i := range 200 { // spends the 16 × 64 bytes of the private suffix
		ask(e, Query{Name: fmt.Sprintf("%s.x%d.duckdns.org.", randomLabel(r, hexa, 16), i), Type: dns.TypeA, Client: client, At: at})
	}
	d := ask(e, Query{Name: "0f1e2d3c4b5a69788796a5b4c3d2e1f0.y.duckdns.org.", Type: dns.TypeA, Client: client, At: at})
	if d.Verdict != verdict.Block {
		t.Fatal("the suffix has something left")
	}
	d.Parse("0f1e2d3c4b5a69788796a5b4c3d2e1f0.y.duckdns.org.")
	if up, _ := e.pairs.spent(d.pair, at); up != 0 {
		t.Errorf("a blocked query is charged %d bytes", up.Bytes())
	}
}

// Records of spent budgets are many and cheap to come by; they leave flags that block
// alone.
func TestSpentBudgetsEvictNoFlag(t *testing.T) {
	e := engine(t, func(c *Config) {
		c.Budget = meter.Limits{Up: meter.FromBytes(1 << 10), Down: meter.FromBytes(8 << 10), Client: meter.FromBytes(1 << 10)}
	})
	r, at := rand.New(rand.NewPCG(3, 4)), time.Unix(1.7e9, 0)
	tunnel := func() *Decision {
		return ask(e, Query{Name: randomLabel(r, lowerBase32, 40) + ".tunnel-test.com.", Type: dns.TypeTXT, Client: client, At: at})
	}
	var d *Decision
	for range 60 {
		at = at.Add(time.Second)
		if d = tunnel(); d.Flagged != nil && d.Ground == verdict.Model {
			break
		}
	}
	if d.Ground != verdict.Model {
		t.Fatal("the budget was faster than the model")
	}
	other := netip.MustParseAddr("192.0.2.200")
	for i := range flags.Capacity + 200 {
		at = at.Add(10 * time.Millisecond)
		ask(e, Query{Name: fmt.Sprintf("%s.flood%d-test.com.", randomLabel(r, hexa, 40), i), Type: dns.TypeA, Client: other, At: at})
	}
	if d := tunnel(); d.Verdict != verdict.Block || d.Ground != verdict.Model {
		t.Errorf("after %d spent budgets of another client the tunnel's flag is gone: %v %v", flags.Capacity, d.Verdict, d.Ground)
	}
}
