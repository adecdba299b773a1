package notunnel

import (
	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/plugin/verdict"
)

// negativeTTL, in seconds, is short: a cache or forwarder before us would
// spread a blocked answer to clients that were never flagged.
const negativeTTL = 5

// blocked is the reply to a blocked query: NXDOMAIN with an SOA owned by the
// very name, so that nothing above it is denied, or REFUSED. Only a query that
// carried OPT gets one back, with the reason in it (RFC 8914).
func blocked(r *dns.Msg, refuse bool, ground verdict.Ground) *dns.Msg {
	m := new(dns.Msg)
	m.SetRcode(r, dns.RcodeNameError)
	m.RecursionAvailable = true
	if refuse {
		m.Rcode = dns.RcodeRefused
	} else {
		m.Ns = []dns.RR{&dns.SOA{
			Hdr: dns.RR_Header{
				Name: r.Question[0].Name, Rrtype: dns.TypeSOA, Class: r.Question[0].Qclass, Ttl: negativeTTL,
			},
			Ns: ".", Mbox: ".", Serial: 1, Refresh: 3600, Retry: 600, Expire: 86400, Minttl: negativeTTL,
		}}
	}
	if asked := r.IsEdns0(); asked != nil {
		m.SetEdns0(asked.UDPSize(), asked.Do())
		opt := m.IsEdns0()
		opt.Option = append(opt.Option, &dns.EDNS0_EDE{
			InfoCode:  dns.ExtendedErrorCodeBlocked,
			ExtraText: "notunnel: " + ground.Said(),
		})
	}
	return m
}
