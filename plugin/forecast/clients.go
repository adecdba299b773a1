package forecast

import (
	"fmt"
	"math/bits"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/plugin/standing"
)

// client is what was seen of a client.
type client struct {
	queries  uint64
	hosts    uint64   // of those, for addresses
	slds     distinct // that it asked below
	exchange distinct // that it asked for the mail servers of
	policies distinct // that it asked for a policy or a key of mail of
	senders  distinct // names with an address before a zone, or after a macro of SPF
	listed   distinct // names with another domain before a zone
	tails    uint64   // queries for such
	tails6   uint64   // of those, for IPv6 addresses
	pointers distinct // reverse names
	keys     distinct // zones whose keys it asked for
	main     busiest
}

// busiest is the domain, of those that few know, below which a client asks more often than
// below all others together, if there is one (Boyer and Moore's vote).
type busiest struct {
	sld     string
	hash    uint64
	votes   uint64
	queries uint64
	names   distinct
	hours   uint32 // of the day, a bit each
}

func (c *client) ask(n *name, at time.Time) {
	c.queries++
	if n.pointer() {
		c.pointers.add(n.hash)
	}
	if n.sld == nil || n.reverse {
		return
	}
	c.slds.add(n.sldHash)
	if n.host() {
		c.hosts++
	}
	switch {
	case n.qtype == dns.TypeMX:
		c.exchange.add(n.sldHash)
	case n.policy && n.qtype == dns.TypeTXT:
		c.policies.add(n.sldHash)
	case n.qtype == dns.TypeDNSKEY || n.qtype == dns.TypeDS:
		c.keys.add(n.sldHash)
	}
	if n.address || n.macro && n.qtype == dns.TypeTXT {
		c.senders.add(n.hash)
	}
	if n.tail {
		c.listed.add(n.hash)
		c.tails++
		if n.qtype == dns.TypeAAAA {
			c.tails6++
		}
	}
	if n.standing != standing.Popular && !n.tail && !n.address {
		c.main.ask(n, at)
	}
}

func (m *busiest) ask(n *name, at time.Time) {
	switch {
	case m.votes == 0:
		*m = busiest{sld: string(n.sld), hash: n.sldHash}
	case m.hash != n.sldHash:
		m.votes--
		return
	}
	m.votes++
	m.queries++
	m.names.add(n.hash)
	m.hours |= 1 << at.UTC().Hour()
}

// Kind is what a machine looks like.
type Kind string

const (
	Mail      Kind = "mail"
	Monitor   Kind = "monitoring"
	Scanner   Kind = "scanner"
	Addresses Kind = "addresses" // names addresses: a log analyser, a scanner
	Resolver  Kind = "resolver"  // asks for many others
)

// What sets servers apart, in different names or domains and over all the time looked at.
// Desks stay below each of these in all networks that were composed (clients_test.go).
const (
	mailDomains   = 20   // asked for their mail servers, or their policies
	mailSenders   = 20   // looked up in a block list
	mailListed    = 100  // domains looked up in a list
	otherDomains  = 40   // of a client that looks lists up and is no mail server otherwise
	listed6       = 0.05 // lists of domains are not asked for IPv6 addresses
	polledHosts   = 60   // of one domain
	polledHours   = 18   // of the day
	polledEach    = 12   // queries a day for each host
	scannedHosts  = 1000 // of one domain that looks like one's own
	namedBy       = 500  // addresses
	keyedZones    = 50   // whose keys a validating resolver asks for
	crowdDomains  = 1200 // more than people at one desk
	crowdHosts    = 0.9  // of the queries, for addresses
	leastSampled  = 4    // of a sample, that anything rests on
	shortestDay   = 0.5  // of days that are looked at
	hoursInOneDay = 24
)

// mixed reports whether a client that looks lists up asks for much that no mail server
// does, as a router does with one behind it.
func (c *client) mixed(every uint64) bool {
	mail := max(c.exchange.count(), c.policies.count()) * int(every)
	return mail < mailDomains && c.slds.count()*int(every) >= otherDomains
}

// server is what the client looks like, and the evidence for it in words; "" if it looks
// like people. isOwn reports whether a domain looks like one's own.
func (c *client) server(days float64, every uint64, isOwn func(sld string) bool) (k Kind, evidence []string) {
	say := func(as Kind, format string, args ...any) {
		if k == "" {
			k = as
		}
		evidence = append(evidence, fmt.Sprintf(format, args...))
	}
	least := func(d *distinct, n int) (int, bool) {
		seen := d.count()
		all := min(seen*int(every), MostCounted)
		return all, all >= n && (every == 1 || seen >= leastSampled)
	}
	if n, ok := least(&c.exchange, mailDomains); ok {
		say(Mail, "asks for the mail servers (MX) of %s domains", several(n))
	}
	if n, ok := least(&c.policies, mailDomains); ok {
		say(Mail, "asks for the mail policies and keys (DMARC, DKIM) of %s domains", several(n))
	}
	if n, ok := least(&c.senders, mailSenders); ok {
		say(Mail, "asks lists or policies after %s addresses (DNSBL, SPF)", several(n))
	}
	if n, ok := least(&c.listed, mailListed); ok && share(c.tails6, c.tails) < listed6 {
		say(Mail, "asks lists after %s domains (URIBL)", several(n))
	}
	if n, ok := least(&c.main.names, polledHosts); ok {
		each := float64(c.main.queries*every) / float64(n) / max(days, shortestDay)
		hours := bits.OnesCount32(c.main.hours)
		switch {
		case each >= polledEach && hours >= polledHours:
			say(Monitor, "asks for %s hosts of %s in turn, each some %.0f times a day, in %d of %d hours", several(n), text(c.main.sld), each, hours, hoursInOneDay)
		case n >= scannedHosts && isOwn(c.main.sld):
			say(Scanner, "asks for %s hosts of %s, which looks like your own", several(n), text(c.main.sld))
		}
	}
	if n, ok := least(&c.pointers, namedBy); ok {
		say(Addresses, "asks for the names of %s addresses", several(n))
	}
	if n, ok := least(&c.keys, keyedZones); ok {
		say(Resolver, "asks for the keys of %s zones (DNSKEY, DS): a resolver that validates", several(n))
	}
	if n, ok := least(&c.slds, crowdDomains); ok && k == "" && share(c.hosts, c.queries) >= crowdHosts {
		say(Resolver, "asks for hosts of %s domains, as many people do behind a resolver or a router", several(n))
	}
	return k, evidence
}
