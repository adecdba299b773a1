package test

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/plugin/split"
	"github.com/notunnel/notunnel/test/lab"
)

func TestRecordedTunnelsAreBlocked(t *testing.T) {
	for _, pattern := range []string{"iodine-*.pcap", "dns2tcp-*.pcap"} {
		for name, sample := range samples(t, pattern) {
			t.Run(name, func(t *testing.T) { blocksTunnel(t, sample) })
		}
	}
}

func blocksTunnel(t *testing.T, sample *lab.Sample) {
	f, zone := start(t, "notunnel", sample.Answer), sld(t, sample)
	guilty, other := f.from("127.0.0.2"), f.from("127.0.0.3")

	passed := replay(t, guilty, sample, dns.RcodeNameError)
	if passed > mostLeaked {
		t.Errorf("%d of %d queries passed, want at most %d", passed, len(sample.Lookups), mostLeaked)
	}
	flags := f.flags(t)
	if len(flags) != 1 || flags[0].SLD != zone || flags[0].Client != guilty.Source || flags[0].Action != "block" {
		t.Fatalf("flags %+v, want one of %s, client %s", flags, zone, guilty.Source)
	}
	t.Logf("%d queries, %d prefix bytes leaked; score %.3f, %s", passed, flags[0].LeakedBytes, flags[0].Score, flags[0].Reasons)
	if flags[0].Queries != passed+1 {
		t.Errorf("the log tells of %d queries, the client saw %d answered", flags[0].Queries, passed)
	}

	leaked := leakedBytes(sample, passed)
	if flags[0].LeakedBytes != leaked {
		t.Errorf("the log tells of %d leaked bytes, %d were sent", flags[0].LeakedBytes, leaked)
	}
	if asked := f.upstream.Asked(zone); asked > passed {
		t.Errorf("the upstream saw %d queries, %d were answered: some left after the block", asked, passed)
	}
	before := f.upstream.Asked(zone)
	ask(t, guilty, "www."+zone, dns.TypeA, dns.RcodeNameError)
	if f.upstream.Asked(zone) != before {
		t.Error("a blocked query reached the upstream")
	}
	ask(t, other, "www."+zone, dns.TypeA, dns.RcodeSuccess)
	if f.upstream.Asked(zone) != before+1 {
		t.Error("another client's query for the same domain did not reach the upstream")
	}
	ask(t, guilty, "www.another-domain.org", dns.TypeA, dns.RcodeSuccess)

	m := f.scrape(t)
	if n := m.Sum("coredns_notunnel_flags_total"); n != 1 {
		t.Errorf("flags_total is %v, want 1", n)
	}
	if n, want := m.Sum("coredns_notunnel_queries_total", "verdict", "block"), len(sample.Lookups)-passed+1; n != float64(want) {
		t.Errorf("queries_total{verdict=block} is %v, want %d", n, want)
	}
	f.healthy(t)
}

// CoreDNS lets some opcodes through beside QUERY, and forward sends their names
// upstream all the same.
func TestNoOpcodeLeavesAfterTheBlock(t *testing.T) {
	sample := tunnel(t)
	f := start(t, "notunnel", sample.Answer)
	guilty, zone := f.from("127.0.0.2"), sld(t, sample)
	replay(t, guilty, sample, dns.RcodeNameError)
	before := f.upstream.Asked(zone)
	for opcode := range 16 {
		m := lab.Query("www."+zone, dns.TypeA, true)
		m.Opcode = opcode
		reply, err := guilty.Ask(m)
		if err != nil {
			t.Fatalf("opcode %d: %v", opcode, err)
		}
		if reply.Rcode == dns.RcodeSuccess {
			t.Errorf("opcode %d was answered:\n%v", opcode, reply)
		}
		if n := f.upstream.Asked(zone) - before; n != 0 {
			t.Fatalf("opcode %d reached the upstream", opcode)
		}
	}
	f.healthy(t)
}

// leakedBytes are the prefix bytes of the first n lookups.
func leakedBytes(s *lab.Sample, n int) (sum int) {
	for _, l := range s.Lookups[:n] {
		var name split.Name
		name.Parse(l.Name)
		sum += len(name.Prefix())
	}
	return sum
}

// A repeated query leaks as much as a new one, whoever answers it.
func TestRepeatedQueriesCount(t *testing.T) {
	sample := tunnel(t)
	f := start(t, "notunnel", sample.Answer)
	c, first := f.from("127.0.0.2"), sample.Lookups[0]
	const repeats = 5
	for range repeats {
		ask(t, c, first.Name, first.Type, dns.RcodeSuccess)
	}
	passed := replay(t, c, sample, dns.RcodeNameError)
	flags := f.flags(t)
	if len(flags) != 1 {
		t.Fatalf("%d flags, want 1", len(flags))
	}
	if want := repeats + passed + 1; flags[0].Queries != want {
		t.Errorf("the log tells of %d queries, want %d: %d repeats, %d that passed, the deciding one", flags[0].Queries, want, repeats, passed)
	}
	if want := repeats*leakedBytes(sample, 1) + leakedBytes(sample, passed); flags[0].LeakedBytes != want {
		t.Errorf("the log tells of %d leaked bytes, %d were sent", flags[0].LeakedBytes, want)
	}
}

func TestOrdinaryLookupsAreNeverBlocked(t *testing.T) {
	for name, sample := range samples(t, "ordinary-*.pcap") {
		t.Run(name, func(t *testing.T) {
			f := start(t, "notunnel", sample.Answer)
			for _, l := range sample.Lookups {
				// Two clients of the recording stay two.
				c := f.from("127.0.0." + l.Client[len(l.Client)-1:])
				m, err := c.Ask(lab.Query(l.Name, l.Type, true))
				if err != nil {
					t.Fatalf("%s: %v", l.Name, err)
				}
				if lab.BlockReason(m) != nil {
					t.Errorf("%s was blocked", l.Name)
				}
			}
			if flags := f.flags(t); len(flags) > 0 {
				t.Errorf("flagged: %+v", flags)
			}
			f.healthy(t)
		})
	}
}

func TestBlockedReply(t *testing.T) {
	sample := tunnel(t)
	f := start(t, "notunnel", sample.Answer)
	c := f.from("127.0.0.2")
	replay(t, c, sample, dns.RcodeNameError)
	last := sample.Lookups[len(sample.Lookups)-1]

	with, err := c.Ask(lab.Query(last.Name, last.Type, true))
	if err != nil {
		t.Fatal(err)
	}
	if len(with.Ns) != 1 || len(with.Answer) != 0 {
		t.Fatalf("want an SOA in the authority section alone:\n%v", with)
	}
	soa, ok := with.Ns[0].(*dns.SOA)
	if !ok || soa.Hdr.Name != last.Name || soa.Hdr.Ttl > 5 || soa.Minttl > 5 {
		t.Errorf("SOA %v, want one owned by %s, TTL and negative TTL at most 5", with.Ns[0], last.Name)
	}
	if e := lab.BlockReason(with); e == nil || e.ExtraText == "" {
		t.Error("no reason (EDE 15) although the query had OPT")
	}
	without, err := c.Ask(lab.Query(last.Name, last.Type, false))
	if err != nil {
		t.Fatal(err)
	}
	if without.Rcode != dns.RcodeNameError || without.IsEdns0() != nil {
		t.Errorf("a query without OPT: want NXDOMAIN without OPT:\n%v", without)
	}
}

func TestRefusedReply(t *testing.T) {
	sample := tunnel(t)
	f := start(t, "notunnel {\n action refused\n}", sample.Answer)
	c := f.from("127.0.0.2")
	if passed := replay(t, c, sample, dns.RcodeRefused); passed > mostLeaked {
		t.Errorf("%d queries passed", passed)
	}

	conn, err := c.Dial("udp")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	q := lab.Query(sample.Lookups[0].Name, sample.Lookups[0].Type, false)
	packet, err := q.Pack()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(packet); err != nil {
		t.Fatal(err)
	}
	packet, err = lab.ReadReply(conn)
	var m dns.Msg
	if err != nil || m.Unpack(packet) != nil {
		t.Fatalf("no reply: %v", err)
	}
	if m.Rcode != dns.RcodeRefused || len(m.Ns) != 0 || m.IsEdns0() != nil {
		t.Errorf("want REFUSED and nothing else:\n%v", &m)
	}
	conn.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	if _, err := lab.ReadReply(conn); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a second reply came, or: %v", err)
	}
}
