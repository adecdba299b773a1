package detect

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/window"
)

func record(t *testing.T, text string) dns.RR {
	t.Helper()
	rr, err := dns.NewRR("x.example. 60 IN " + text)
	if err != nil {
		t.Fatal(err)
	}
	return rr
}

// What counts is the bytes that carry meaning, in whatever form a record came.
func TestRdata(t *testing.T) {
	for _, c := range []struct {
		name, record, want string
	}{
		{"A", "A 192.0.2.1", "\xc0\x00\x02\x01"},
		{"AAAA", "AAAA 2001:db8::1", "\x20\x01\x0d\xb8" + strings.Repeat("\x00", 11) + "\x01"},
		{"CNAME", `CNAME WWW.Exa\109ple.\255.`, "www.example.\xff"},
		{"NS", "NS ns1.example.net.", "ns1.example.net"},
		{"PTR", "PTR host.example.net.", "host.example.net"},
		{"MX", "MX 10 mail.example.net.", "mail.example.net"},
		{"SRV", "SRV 0 1 993 imap.example.net.", "imap.example.net"},
		{"the root", "CNAME .", ""},
		{"TXT in parts", `TXT "one" "Two" "\003\"x"`, "oneTwo\x03\"x"},
		{"CAA as on the wire", `CAA 0 issue "ca.example"`, "\x00\x05issueca.example"},
		{"DS as on the wire", "DS 1 8 2 " + strings.Repeat("ab", 32), "\x00\x01\x08\x02" + strings.Repeat("\xab", 32)},
		{"unknown type", `TYPE65399 \# 3 00ff41`, "\x00\xffA"},
		{"NULL", `TYPE10 \# 4 de00ad41`, "\xde\x00\xadA"},
	} {
		if got := rdata(nil, record(t, c.record)); string(got) != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	null := &dns.NULL{Hdr: dns.RR_Header{Rrtype: dns.TypeNULL}, Data: "raw\x00bytes\\065"}
	if got := rdata(nil, null); string(got) != null.Data {
		t.Errorf("NULL: %q", got)
	}
	// A record that cannot be packed has no data, and does no harm.
	if got := rdata([]byte("kept"), &dns.DS{Digest: "no hex"}); string(got) != "kept" {
		t.Errorf("a broken DS: %q", got)
	}
}

func TestCount(t *testing.T) {
	message := func(rcode int, records ...string) *dns.Msg {
		m := new(dns.Msg)
		m.Rcode = rcode
		for _, r := range records {
			m.Answer = append(m.Answer, record(t, r))
		}
		return m
	}
	counted := func(m *dns.Msg) (a window.Answer) {
		count(&a, m, nil)
		return a
	}
	a := counted(message(dns.RcodeSuccess, "CNAME other.example.", "A 192.0.2.1"))
	if bytes := countedOf(a); bytes != len("other.example")+4 {
		t.Errorf("%+v: want the bytes of name and address", a)
	}
	if a := counted(message(dns.RcodeNameError)); a != (window.Answer{}) {
		t.Errorf("NXDOMAIN: %+v", a)
	}

	records := []string{"A 192.0.2.1", "A 192.0.2.2", "TXT abc"}
	first := counted(message(dns.RcodeSuccess, records...))
	slices.Reverse(records)
	if other := counted(message(dns.RcodeSuccess, records...)); other != first {
		t.Errorf("the order of records changes the answer: %+v, %+v", other, first)
	}
	if other := counted(message(dns.RcodeSuccess, records[1:]...)); other == first {
		t.Error("one record less is the same answer")
	}

	var many []string
	for i := range 300 {
		many = append(many, fmt.Sprintf("TXT %040d", i))
	}
	if bytes := countedOf(counted(message(dns.RcodeSuccess, many...))); bytes != maxCountedByte {
		t.Errorf("%d bytes counted; want %d", bytes, maxCountedByte)
	}
}

// What is told of a reply at a glance is what its records tell, or nothing.
func TestToldAtAGlance(t *testing.T) {
	e, r, glances := engine(t, nil), rand.New(rand.NewPCG(22, 1)), 0
	names := []string{"www.example.com.", "cdn.example.net.", "WWW.example.com.", strings.Repeat("long.", 45) + "example.org.", "."}
	for range 20_000 {
		m := new(dns.Msg)
		m.Rcode = r.IntN(4)
		if r.IntN(10) > 0 {
			m.SetQuestion(names[r.IntN(len(names))], dns.TypeA)
		}
		for range r.IntN(5) {
			kind := []string{"A 192.0.2.%d", "A 192.0.2.%d", "AAAA 2001:db8::%d", "CNAME x%d." + names[r.IntN(2)], "TXT t%d", "MX 10 m%d.example."}[r.IntN(6)]
			rr := record(t, fmt.Sprintf(kind, r.IntN(3)))
			rr.Header().Name = names[r.IntN(len(names))]
			if a, ok := rr.(*dns.A); ok && r.IntN(10) == 0 {
				a.A = a.A[:r.IntN(4)] // never on the wire
			}
			m.Answer = append(m.Answer, rr)
		}
		told, ok := e.told(m)
		room := rooms.Get().(*replyRoom)
		if want := meter.TellAll(m.Rcode, e.records(&Ticket{}, room, m)); ok && told != want {
			t.Fatalf("%v: %x at a glance, %x by its records", m, told, want)
		}
		rooms.Put(room)
		if ok {
			glances++
		}
	}
	if glances < 5000 {
		t.Errorf("%d of 20000 replies are told at a glance", glances)
	}
	m := &dns.Msg{Answer: []dns.RR{record(t, "CNAME cdn.example.net."), record(t, "A 192.0.2.1"), record(t, "AAAA 2001:db8::1")}}
	if n := testing.AllocsPerRun(100, func() { e.told(m) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

// Hosts of a network that was seen cost less than those of another, in what a second key is
// charged as well.
func TestRecordsShareTheirBeginning(t *testing.T) {
	for _, sld := range []string{"example.org.", "someone.github.io."} {
		e, at := engine(t, nil), time.Unix(1e9, 0)
		price := func(label, address string) meter.Bits {
			d := ask(e, Query{Name: label + "." + sld, Type: dns.TypeA, Client: client, At: at})
			m := new(dns.Msg)
			m.SetQuestion(label+"."+sld, dns.TypeA)
			rr := record(t, "A "+address)
			rr.Header().Name = m.Question[0].Name
			m.Answer = []dns.RR{rr}
			price, ok := e.Reply(d.Ticket, m, at)
			if !ok {
				t.Fatal("a reply is withheld")
			}
			return price
		}
		price("a", "192.0.2.1")
		if other, same := price("b", "198.51.100.7"), price("c", "192.0.2.77"); same >= other {
			t.Errorf("%s: an address of a network that was seen costs %d, one of another %d", sld, same, other)
		}
	}
}

func countedOf(a window.Answer) (bytes int) {
	for _, n := range a.Counts {
		bytes += int(n)
	}
	return bytes
}

// A reply without a query, or to a pair that is gone, is of no interest.
func TestReplyWithoutTicket(t *testing.T) {
	e := engine(t, nil)
	e.Reply(Ticket{}, &dns.Msg{Answer: []dns.RR{nil}}, time.Unix(1e9, 0)) // would panic if it were looked at
}
