package networks

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// forwarders are resolvers that ask for many people.
var forwarders = []Pattern{
	{Name: "validating-resolver", What: "two validating resolvers of 100 people each: signed replies, DNSKEY and DS of each zone, one unlisted zone that signs each reply anew", Clients: 2, make: validating},
	{Name: "qname-minimising", What: "a resolver of 100 people that asks label by label", Clients: 1, make: minimising},
	{Name: "mixed-case", What: "a resolver of 100 people that asks in random case (0x20)", Clients: 1, make: mixedCase},
}

// crowd is what so many people ask a resolver for; it has a cache.
func crowd(c *client, people int, asks func(at time.Duration, host string)) {
	for range people {
		favourites := several(30, func() string { return c.n.names.host(c.r) })
		c.often(300, &workday, func(at time.Duration) {
			host := favourites[c.zipf(len(favourites))]
			if c.r.IntN(5) == 0 {
				host = c.n.names.host(c.r)
			}
			asks(at, host)
		})
	}
}

func validating(n *network, clients int) {
	live := invented(n.r)
	for range clients {
		c := n.client()
		crowd(c, 100, func(at time.Duration, host string) {
			zone := zoneOf(host)
			c.ask(at, signed, host, tA, tAAAA)
			c.ask(at+20*time.Millisecond, signed, zone, tDNSKEY, tDS)
		})
		c.often(2000, &workday, func(at time.Duration) { // the company's web shop, at a provider that signs online
			c.ask(at, signedOnline, pick(c.r, "www", "api", "static")+"."+live, tA, tAAAA)
			c.ask(at+20*time.Millisecond, signed, live, tDNSKEY, tDS)
		})
	}
}

// zoneOf is the last two labels of a name, near enough to its zone.
func zoneOf(host string) string {
	labels := strings.Split(host, ".")
	return strings.Join(labels[max(0, len(labels)-2):], ".")
}

// signed adds the signature of a zone that is signed once a week.
func signed(r *rand.Rand, name string, qtype uint16, at time.Duration) reply {
	week := begin.Add(-time.Duration(hashOf(zoneOf(name))%7) * 24 * time.Hour)
	return sign(r, name, qtype, at, 3600, week)
}

// signedOnline is signed at the moment, for five minutes of cache.
func signedOnline(r *rand.Rand, name string, qtype uint16, at time.Duration) reply {
	return sign(r, name, qtype, at, 300, begin.Add(at))
}

func sign(r *rand.Rand, name string, qtype uint16, at time.Duration, ttl int, since time.Time) reply {
	zone := zoneOf(name)
	of := fixed(zone, 5)
	x := reply{ttl: ttl}
	covered := map[uint16]string{tA: "A", tAAAA: "AAAA", tDNSKEY: "DNSKEY", tDS: "DS"}[qtype]
	switch qtype {
	case tDNSKEY:
		for _, flags := range []int{256, 257} {
			x.records = append(x.records, fmt.Sprintf("%d 3 13 %s==", flags, random(of, base64Digits, 86)))
		}
	case tDS:
		x.records = []string{fmt.Sprintf("%d 13 2 %s", of.IntN(65536), random(of, hexDigits, 64))}
		zone = zone[strings.Index(zone, ".")+1:]
	default:
		x = ordinary(r, name, qtype, at)
		x.records = slices.DeleteFunc(x.records, func(rdata string) bool { return strings.HasPrefix(rdata, "CNAME") })
		if x.ttl = ttl; len(x.records) == 0 {
			return x
		}
	}
	const form = "20060102150405"
	signature := random(fixed(name, uint64(since.Unix())<<8|uint64(qtype&255)), base64Digits, 86) + "=="
	x.records = append(x.records, fmt.Sprintf("RRSIG %s 13 %d %d %s %s %d %s. %s", covered, strings.Count(name, ".")+1, ttl,
		since.Add(8*24*time.Hour).Format(form), since.Format(form), fixed(zone, 6).IntN(65536), zone, signature))
	return x
}

const base64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + base36 + "+/"

func minimising(n *network, clients int) {
	for range clients {
		c := n.client()
		crowd(c, 100, func(at time.Duration, host string) {
			labels := strings.Split(host, ".")
			for i := len(labels) - 2; i > 0; i-- {
				c.ask(at, ordinary, strings.Join(labels[i:], "."), tA)
				at += 15 * time.Millisecond
			}
			c.ask(at, ordinary, host, tA, tAAAA)
		})
	}
}

func mixedCase(n *network, clients int) {
	for range clients {
		c := n.client()
		crowd(c, 100, func(at time.Duration, host string) {
			for _, qtype := range []uint16{tA, tAAAA} {
				c.ask(at, ordinary, mixed(c.r, host), qtype)
				at += 150 * time.Microsecond
			}
		})
	}
}

func mixed(r *rand.Rand, host string) string {
	b := []byte(host)
	for i := range b {
		if b[i] >= 'a' && b[i] <= 'z' && r.IntN(2) == 0 {
			b[i] -= 'a' - 'A'
		}
	}
	return string(b)
}
