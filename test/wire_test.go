package test

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// TestAnswersAreByteIdentical asks the same of a resolver with the plugin and
// of one without, and compares what comes back on the wire.
func TestAnswersAreByteIdentical(t *testing.T) {
	with, without := start(t, "notunnel", assorted), start(t, "", assorted)
	for i, q := range assortedQueries() {
		for _, network := range []string{"udp", "tcp"} {
			// One name per transport, so that no answer comes from a cache,
			// whose TTL depends on the second.
			m := q.msg.Copy()
			m.Id = uint16(i + 1)
			m.Question[0].Name = network + "." + m.Question[0].Name
			t.Run(network+"/"+q.name, func(t *testing.T) {
				packet, err := m.Pack()
				if err != nil {
					t.Fatal(err)
				}
				got, err := with.from("127.0.0.2").Raw(network, packet)
				if err != nil {
					t.Fatal(err)
				}
				want, err := without.from("127.0.0.2").Raw(network, packet)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, want) {
					t.Errorf("with the plugin:\n%x\nwithout:\n%x", got, want)
				}
				reply := new(dns.Msg)
				if err := reply.Unpack(want); err != nil {
					t.Fatal(err)
				}
				if reply.Rcode != q.rcode || len(reply.Answer) < q.answers && !reply.Truncated || reply.Truncated != (network == "udp" && q.truncated) {
					t.Errorf("the answer is not what this case is about:\n%v", reply)
				}
			})
		}
	}
	with.healthy(t)
}

type wireCase struct {
	name      string
	msg       *dns.Msg
	rcode     int
	answers   int
	truncated bool // over UDP
}

func assortedQueries() []wireCase {
	plain := func(name string, qtype uint16) *dns.Msg {
		m := new(dns.Msg)
		return m.SetQuestion(name, qtype)
	}
	edns := func(m *dns.Msg, size uint16, do bool) *dns.Msg { return m.SetEdns0(size, do) }
	cases := []wireCase{
		{"EDNS", edns(plain("edns.wire-a.org.", dns.TypeA), 1232, false), 0, 1, false},
		{"DNSSEC wanted", edns(plain("dnssec.wire-a.org.", dns.TypeA), 4096, true), 0, 1, false},
		{"letter case", plain("MiXeD.WiRe-A.oRg.", dns.TypeA), 0, 1, false},
		{"NXDOMAIN", plain("nx.wire-b.org.", dns.TypeA), dns.RcodeNameError, 0, false},
		{"NXDOMAIN with EDNS", edns(plain("nx.edns.wire-b.org.", dns.TypeA), 1232, false), dns.RcodeNameError, 0, false},
		{"SERVFAIL", plain("servfail.wire-b.org.", dns.TypeA), dns.RcodeServerFailure, 0, false},
		{"REFUSED", plain("refused.wire-b.org.", dns.TypeA), dns.RcodeRefused, 0, false},
		{"CNAME chain", plain("chain.wire-c.org.", dns.TypeA), 0, 6, false},
		{"large TXT", plain("large.wire-c.org.", dns.TypeTXT), 0, 1, true},
		{"large TXT with EDNS", edns(plain("large.edns.wire-c.org.", dns.TypeTXT), 4096, false), 0, 1, false},
		{"hundreds of records", edns(plain("hundreds.wire-d.org.", dns.TypeA), 1232, false), 0, 300, true},
		{"reverse", plain("4.3.2.192.in-addr.arpa.", dns.TypePTR), 0, 1, false},
		{"bytes above 127", plain(`\200\255.wire-e.org.`, dns.TypeA), 0, 1, false},
		{"service", plain("_imaps._tcp.wire-e.org.", dns.TypeSRV), 0, 1, false},
		{"unknown type", plain("x.wire-e.org.", 65399), 0, 0, false},
	}
	for _, qtype := range []uint16{dns.TypeA, dns.TypeAAAA, dns.TypeMX, dns.TypeTXT, dns.TypeNS, dns.TypeSOA, dns.TypeCAA, dns.TypeHTTPS} {
		name := dns.TypeToString[qtype]
		cases = append(cases, wireCase{name, plain(strings.ToLower(name)+".wire-f.org.", qtype), 0, 1, false})
	}
	return cases
}

// assorted is an authority whose answers depend on the question alone.
func assorted(r *dns.Msg) *dns.Msg {
	m := new(dns.Msg)
	m.SetReply(r)
	m.RecursionAvailable = true
	if opt := r.IsEdns0(); opt != nil {
		m.SetEdns0(1232, opt.Do())
	}
	if len(r.Question) != 1 {
		m.Rcode = dns.RcodeFormatError
		return m
	}
	q := r.Question[0]
	labels := dns.SplitDomainName(strings.ToLower(q.Name))
	if len(labels) < 2 {
		return m
	}
	what := labels[1] // behind the label that keeps the names apart
	record := func(format string, args ...any) dns.RR {
		rr, err := dns.NewRR(fmt.Sprintf(format, args...))
		if err != nil {
			panic(err)
		}
		return rr
	}
	switch what {
	case "nx":
		m.Rcode = dns.RcodeNameError
		m.Ns = []dns.RR{record("org. 900 IN SOA ns.org. host.org. 1 2 3 4 900")}
		return m
	case "servfail":
		m.Rcode = dns.RcodeServerFailure
		return m
	case "refused":
		m.Rcode = dns.RcodeRefused
		return m
	case "chain":
		name := q.Name
		for i := range 5 {
			next := fmt.Sprintf("hop%d.cdn-%d.net.", i, i)
			m.Answer = append(m.Answer, record("%s 300 IN CNAME %s", name, next))
			name = next
		}
		m.Answer = append(m.Answer, record("%s 60 IN A 192.0.2.7", name))
		return m
	case "hundreds":
		for i := range 300 {
			m.Answer = append(m.Answer, &dns.A{
				Hdr: dns.RR_Header{Name: q.Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 60},
				A:   net.IPv4(198, 51, byte(i>>8), byte(i)),
			})
		}
		return m
	}
	text := "short"
	if what == "large" {
		text = strings.Repeat(strings.Repeat("0123456789abcdef", 15)+`" "`, 9)
	}
	rdata := map[uint16]string{
		dns.TypeA: "192.0.2.1", dns.TypeAAAA: "2001:db8::1", dns.TypeMX: "10 mail.wire-f.org.",
		dns.TypeTXT: `"` + text + `"`, dns.TypeNS: "ns.wire-f.org.", dns.TypePTR: "host.wire-f.org.",
		dns.TypeSOA: "ns.wire-f.org. host.wire-f.org. 1 2 3 4 5", dns.TypeCAA: `0 issue "ca.wire-f.org"`,
		dns.TypeHTTPS: "1 . alpn=h2", dns.TypeSRV: "0 1 993 imap.wire-e.org.",
	}[q.Qtype]
	if rdata != "" {
		m.Answer = []dns.RR{record("%s 300 IN %s %s", q.Name, dns.TypeToString[q.Qtype], rdata)}
	}
	return m
}
