package notunnel

import (
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/standing"
)

// Letter case says nothing to the DNS, but it reaches the servers of a domain, and
// would carry a bit a letter past every meter. So names below unknown SLDs go on in
// lower case, and the reply gets the client's spelling back (a client that mixes
// case on purpose compares it: draft-vixie-dnsext-dns0x20).

// unspelled reports whether the name of a query is to go on in lower case.
func (n *Notunnel) unspelled(r *dns.Msg, d *detect.Decision) bool {
	return !n.monitor && (d.Why == detect.Judged || d.Why == detect.Reverse) &&
		d.Capitals() &&
		r.IsTsig() == nil && // its signature covers the name
		d.Standing() == standing.Unknown
}

// lowered is the query with its name in lower case. The query itself stays as it is:
// plugins before this one look at it later.
func lowered(r *dns.Msg) *dns.Msg {
	l := *r
	l.Question = slices.Clone(r.Question)
	l.Question[0].Name = lowerCase(r.Question[0].Name)
	return &l
}

// lowerCase is the name in presentation form with A to Z in lower case, those of
// escapes (\065) not among them: another server reads them as the same.
func lowerCase(name string) string {
	return strings.Map(func(c rune) rune {
		if 'A' <= c && c <= 'Z' {
			return c + 'a' - 'A'
		}
		return c
	}, name)
}

// respelled is the reply to a lowered query with the client's spelling: in the
// question and of the records that the question names. The reply itself stays as it
// is, since a cache may hold it.
func respelled(m, query *dns.Msg) *dns.Msg {
	asked, sent := query.Question[0].Name, lowerCase(query.Question[0].Name)
	if len(m.Question) == 0 || m.Question[0].Name != sent {
		return m
	}
	reply := *m
	reply.Question = slices.Clone(m.Question)
	reply.Question[0].Name = asked
	reply.Answer = slices.Clone(m.Answer)
	for i, rr := range reply.Answer {
		if rr.Header().Name == sent {
			reply.Answer[i] = dns.Copy(rr)
			reply.Answer[i].Header().Name = asked
		}
	}
	return &reply
}
