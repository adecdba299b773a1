package forecast

import (
	"fmt"
	"net/netip"

	"github.com/miekg/dns"
)

// zone is what was seen of an SLD that is not popular.
type zone struct {
	queries       uint64
	names         distinct
	clients       distinct
	directory     distinct // clients that look for a directory's services below it
	suffixed      distinct // clients that ask for other domains below it
	tails         uint64   // such queries
	tails6        uint64   // of those, for IPv6 addresses
	replies       uint64
	authoritative uint64
	missing       uint64   // replies that there is no such name
	addresses     uint64   // in replies
	private       uint64   // of those, in private networks
	inside        distinct // names that have such
}

func (d *zone) ask(n *name, who uint64) {
	d.queries++
	d.names.add(n.hash)
	d.clients.add(who)
	if n.directory {
		d.directory.add(who)
	}
	if n.tail {
		d.suffixed.add(who)
		d.tails++
		if n.qtype == dns.TypeAAAA {
			d.tails6++
		}
	}
}

func (d *zone) learn(name uint64, m *dns.Msg) {
	d.replies++
	if m.Authoritative {
		d.authoritative++
	}
	if m.Rcode == dns.RcodeNameError {
		d.missing++
	}
	for _, rr := range m.Answer {
		var addr netip.Addr
		switch rr := rr.(type) {
		case *dns.A:
			addr, _ = netip.AddrFromSlice(rr.A.To4())
		case *dns.AAAA:
			addr, _ = netip.AddrFromSlice(rr.AAAA)
		default:
			continue
		}
		d.addresses++
		if addr.IsPrivate() { // RFC 1918 and RFC 4193; loopback is what block lists answer with
			d.private++
			d.inside.add(name)
		}
	}
}

// Of a domain of one's own. What is less may be chance.
const (
	leastInside        = 3    // names with private addresses
	privateShare       = 0.75 // of all addresses
	leastAuthoritative = 10   // authoritative replies
	authorityShare     = 0.9  // of the domain's replies
	authorityElsewhere = 0.5  // most of all replies: of a capture beyond a resolver all are
	leastTails         = 20   // names with another domain at their end
	tailsShare         = 0.1  // of the domain's queries
	missingShare       = 0.9  // of the replies, where a suffix leads nowhere
	severalClients     = 2
	manyClients        = 3
)

// own is the evidence that the domain is one's own, in words, none if it does not look so.
func (d *zone) own(all *counts, every uint64) (evidence []string) {
	say := func(format string, args ...any) { evidence = append(evidence, fmt.Sprintf(format, args...)) }
	if d.inside.count() >= leastInside && share(d.private, d.addresses) >= privateShare {
		say("%s of %s addresses in replies are private", about(d.private*every), about(d.addresses*every))
	}
	if d.authoritative >= leastAuthoritative && share(d.authoritative, d.replies) >= authorityShare && share(all.authoritative, all.replies) < authorityElsewhere {
		say("%s of %s replies are authoritative: the resolver serves the zone itself", about(d.authoritative*every), about(d.replies*every))
	}
	if n := d.directory.count(); n >= severalClients {
		say("%d clients look for a directory's services below it (_ldap, _kerberos, _msdcs)", n)
	}
	if n := d.suffixed.count(); n >= severalClients && d.tails >= leastTails && share(d.tails, d.queries) >= tailsShare &&
		share(d.tails6, d.tails) >= tailsShare && d.replies > 0 && share(d.missing, d.replies) >= missingShare {
		say("%d clients put it behind other domains' names, as a search suffix", n)
	}
	if n := d.clients.count(); evidence != nil && n >= manyClients {
		say("asked by %d of %d clients", n, max(n, all.clients.count()))
	}
	return evidence
}

func share(n, of uint64) float64 { return float64(n) / float64(max(of, 1)) }
