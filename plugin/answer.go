package notunnel

import (
	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/split"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// negativeTTL, in seconds, is short: a cache or forwarder before us would
// spread a blocked answer to clients that were never flagged.
const negativeTTL = 5

// maxWhy is the longest text that a client is told, in bytes: what shows it has a line for
// it.
const maxWhy = 100

// whyBlocked is what a client is told: the ground in words, what is blocked, and the
// beginning of the flag's ID, by which somebody finds it. 0 is no flag.
func whyBlocked(ground verdict.Ground, scope []byte, id uint64) string {
	why, flag := "notunnel: "+ground.Said(), ""
	if id != 0 {
		flag = " (flag " + flags.IDText(id)[:flags.ShortID] + ")"
	}
	if name := split.Text(scope); name != "" {
		const cut = "…"
		if room := maxWhy - len(why) - len(": ") - len(flag); len(name) > room {
			name = cut + name[len(name)-room+len(cut):]
		}
		why += ": " + name
	}
	return why + flag
}

// whyWithheld is what a client is told whose reply brings in too much.
func whyWithheld(r *dns.Msg) string {
	var name split.Name
	name.Parse(r.Question[0].Name)
	return whyBlocked(verdict.Budget, name.SLD(), 0)
}

// blocked is the reply to a blocked query: NXDOMAIN with an SOA owned by the
// very name, so that nothing above it is denied, or REFUSED. Only a query that
// carried OPT gets one back, with why in it (RFC 8914).
func blocked(r *dns.Msg, refuse bool, why string) *dns.Msg {
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
			ExtraText: why,
		})
	}
	return m
}
