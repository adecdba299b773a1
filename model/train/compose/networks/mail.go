package networks

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// mail is what mail servers look up of those that send to them. They have caches, as
// block lists want it.
var mail = []Pattern{
	{Name: "mail-server", What: "two mail servers that check mails of 3,000 sender domains: MX, A, SPF, DKIM, DMARC", Clients: 2, make: mailServers},
	{Name: "spf-macros", What: "a mail server and 100 mails a day whose SPF record asks for address and domain below an unlisted domain", Clients: 1, make: spfMacros},
	{Name: "dnsbl-200", What: "a mail server that asks an unlisted block list for 200 senders", Clients: 1, make: func(n *network, clients int) { dnsbl(n, clients, 200) }},
	{Name: "dnsbl-8000", What: "a mail server that asks an unlisted block list for 8,000 senders, some often", Clients: 1, make: func(n *network, clients int) { dnsbl(n, clients, 8000) }},
	{Name: "uribl", What: "a mail filter that asks an unlisted list for 1,500 domains in mails", Clients: 1, make: uribl},
}

// regulars does something as often as each of many senders comes, of whom so many come
// in a day: four of five of all once a day, most others four times, one of twenty all
// day.
func (c *client) regulars(aDay int, draw func() string, do func(at time.Duration, sender string)) {
	for _, sender := range several(aDay*10/7, draw) {
		perDay := 1.
		switch x := c.r.IntN(20); {
		case x == 0:
			perDay = 20
		case x < 4:
			perDay = 4
		}
		c.often(perDay, &always, func(at time.Duration) { do(at, sender) })
	}
}

func mailServers(n *network, clients int) {
	policy := texts(3600, func(_ *rand.Rand, name string, _ time.Duration) string {
		r := fixed(name, 2)
		switch {
		case len(name) > 7 && name[:7] == "_dmarc.":
			return "v=DMARC1; p=" + pick(r, "none", "quarantine", "reject") + "; rua=mailto:dmarc@" + name[7:]
		case r.IntN(4) == 0:
			return "v=spf1 include:_spf." + name + " ip4:" + anyAddress(r).String() + " ~all"
		}
		return "v=spf1 include:_spf.google.com include:sendgrid.net -all"
	})
	key := texts(3600, func(_ *rand.Rand, name string, _ time.Duration) string {
		return "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQ" + random(fixed(name, 3), base64url, 178)
	})
	exchange := func(_ *rand.Rand, name string, _ uint16, _ time.Duration) reply {
		return reply{records: []string{"10 mx1." + name + ".", "20 mx2." + name + "."}, ttl: 3600}
	}
	for range clients {
		c := n.client()
		c.regulars(3000, func() string { return n.names.sld(c.r) }, func(at time.Duration, d string) {
			r := fixed(d, 4)
			selector := pick(r, "selector1", "google", "s1", "k2", fmt.Sprint(20200000+r.IntN(69999)), random(r, lowercase+"234567", 32))
			c.ask(at, own, anyAddress(r).pointer(), tPTR)
			c.ask(at, ordinary, pick(r, "mail.", "mx1.", "smtp-out"+fmt.Sprint(r.IntN(9))+".")+d, tA)
			c.ask(at, exchange, d, tMX)
			c.ask(at, policy, d, tTXT)
			c.ask(at, key, selector+"._domainkey."+d, tTXT)
			c.ask(at, policy, "_dmarc."+d, tTXT)
		})
	}
}

func spfMacros(n *network, clients int) {
	domain := invented(n.r)
	says := texts(300, func(_ *rand.Rand, name string, _ time.Duration) string {
		return "v=spf1 " + []string{"+all", "-all", "?all"}[hashOf(name)%3]
	})
	for range clients {
		c := n.client()
		c.often(100, &always, func(at time.Duration) {
			c.ask(at, says, fmt.Sprintf("%s._ip.%s._ehlo.%s._spf.%s", anyAddress(c.r), c.n.names.host(c.r), n.names.sld(c.r), domain), tTXT)
		})
	}
}

func dnsbl(n *network, clients, senders int) {
	zone := "bl." + invented(n.r)
	for range clients {
		c := n.client()
		c.regulars(senders, func() string { return anyAddress(c.r).reversed() }, func(at time.Duration, sender string) {
			name := sender + "." + zone
			c.ask(at, listing, name, tA)
			if hashOf(name)%3 == 0 {
				c.ask(at+time.Second, listing, name, tTXT)
			}
		})
	}
}

func uribl(n *network, clients int) {
	zone := "multi." + invented(n.r)
	for range clients {
		c := n.client()
		c.regulars(1500, func() string { return n.names.sld(c.r) }, func(at time.Duration, domain string) {
			c.ask(at, listing, domain+"."+zone, tA)
		})
	}
}
