package networks

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// servers are machines that know many others. They have no cache, as systems for
// servers are shipped.
var servers = []Pattern{
	{Name: "monitoring-300", What: "a monitoring server that looks 300 own hosts up every five minutes, A and AAAA, some by PTR", Clients: 1, make: func(n *network, clients int) { monitoring(n, clients, 300, 5*time.Minute) }},
	{Name: "monitoring-5000", What: "a monitoring server that looks 5,000 own hosts up every hour, A and AAAA, some by PTR", Clients: 1, make: func(n *network, clients int) { monitoring(n, clients, 5000, time.Hour) }},
	{Name: "inventory-3000", What: "an inventory of 3,000 own hosts each night: A, AAAA, PTR", Clients: 1, make: inventory},
	{Name: "scanner", What: "a vulnerability scanner each night: 1,200 addresses in five networks, 4,000 names and 1,000 guessed ones below the own domain", Clients: 1, make: scanner},
	{Name: "reverse-6000", What: "a log analyser that names 6,000 addresses a day, six of ten from 300 networks", Clients: 1, make: reverse},
	{Name: "acme", What: "three servers that renew 400 certificates below an unlisted domain, 20 a day, each challenge read until it shows", Clients: 3, make: acme},
	{Name: "iot-nat-2000", What: "2,000 devices behind one address, each with its serial number in the name of its service, three connections a day", Clients: 1, make: devices},
	{Name: "enum", What: "two telephone systems that look up 600 numbers a day below e164.arpa", Clients: 2, make: telephones},
}

// hostsOf are names as companies give them to many machines.
func hostsOf(n *network, count int, domain string) []string {
	roles := several(40, func() string { return n.names.label(n.r) })
	sites := []string{"fra1", "ams2", "iad1", "dc1", "dc2"}
	return several(count, func() string {
		return fmt.Sprintf("%s%02d.%s.%s", roles[n.r.IntN(len(roles))], 1+n.r.IntN(99), sites[n.r.IntN(len(sites))], domain)
	})
}

func monitoring(n *network, clients, hosts int, period time.Duration) {
	names := hostsOf(n, hosts, invented(n.r))
	for range clients {
		c := n.server()
		for _, name := range names {
			h := hashOf(name)
			c.scheduled(period, func(at time.Duration) {
				c.ask(at, own, name, tA, tAAAA)
				if h%4 == 0 { // by address, named for the report
					c.ask(at+time.Millisecond, own, privatePointer(name), tPTR)
				}
			})
		}
	}
}

func inventory(n *network, clients int) {
	names := hostsOf(n, 3000, invented(n.r))
	for range clients {
		c := n.server()
		c.daily(2, func(at time.Duration) {
			for _, name := range names {
				at += c.within(200 * time.Millisecond)
				c.ask(at, own, name, tA, tAAAA)
				c.ask(at+time.Millisecond, own, privatePointer(name), tPTR)
			}
		})
	}
}

func scanner(n *network, clients int) {
	domain := invented(n.r)
	known := hostsOf(n, 4000, domain)
	guessed := several(1000, func() string { return n.names.label(n.r) + "." + domain })
	var networks []address
	for range 5 {
		networks = append(networks, anyAddress(n.r))
	}
	for range clients {
		c := n.server()
		c.daily(1, func(at time.Duration) {
			for _, a := range networks {
				for last := 1; last <= 240; last++ {
					at += c.within(100 * time.Millisecond)
					a[3] = byte(last)
					c.ask(at, pointers, a.pointer(), tPTR)
				}
			}
			for _, name := range known {
				at += c.within(100 * time.Millisecond)
				c.ask(at, own, name, tA)
			}
			for _, name := range guessed {
				at += c.within(100 * time.Millisecond)
				c.ask(at, missing, name, tA)
			}
			c.ask(at, ordinary, domain, tNS, tMX, tTXT, tSOA)
		})
	}
}

// pointers is how reverse zones answer: half of the addresses have a name, most of
// those one that is made from the address.
func pointers(_ *rand.Rand, name string, _ uint16, _ time.Duration) reply {
	h := hashOf(name)
	if h%2 == 0 {
		return missing(nil, name, tPTR, 0)
	}
	return reply{records: []string{fmt.Sprintf("host-%d-%d-%d.pool.%s%s.net.", h>>8&255, h>>16&255, h>>24&255, syllables[h>>32%16], syllables[h>>40%16])}, ttl: 3600}
}

func reverse(n *network, clients int) {
	for range clients {
		c := n.server()
		var networks []address
		for range 300 {
			networks = append(networks, anyAddress(c.r))
		}
		for d := range n.days {
			for range 6000 {
				a := anyAddress(c.r)
				if c.r.IntN(10) < 6 {
					a = networks[c.zipf(len(networks))]
					a[3] = byte(1 + c.r.IntN(254))
				}
				for range 1 + c.zipf(4) {
					c.ask(time.Duration(d)*24*time.Hour+c.within(24*time.Hour), pointers, a.pointer(), tPTR)
				}
			}
		}
	}
}

func acme(n *network, clients int) {
	domain := invented(n.r)
	hosts := several(400, func() string { return n.names.label(n.r) + "." + domain })
	token := texts(60, func(r *rand.Rand, name string, at time.Duration) string {
		return random(fixed(name, uint64(at/time.Hour)), base64url, 43)
	})
	for part := range slices.Chunk(hosts, (len(hosts)+clients-1)/clients) {
		c := n.server()
		c.often(7, &always, func(at time.Duration) {
			host := part[c.r.IntN(len(part))]
			c.ask(at, ordinary, "acme-v02.api.letsencrypt.org", tA, tAAAA)
			for range 3 + c.r.IntN(12) {
				c.ask(at, token, "_acme-challenge."+host, tTXT)
				at += 10 * time.Second
			}
		})
	}
}

func devices(n *network, clients int) {
	domain := "mqtt." + invented(n.r)
	for range clients {
		c := n.client()
		for range 2000 {
			name := fmt.Sprintf("sn%s%08d.%s", pick(c.r, "a4", "a5", "b1"), c.r.IntN(1e8), domain)
			c.often(3, &always, func(at time.Duration) { c.served(at, name) })
		}
	}
}

func telephones(n *network, clients int) {
	says := func(_ *rand.Rand, name string, _ uint16, _ time.Duration) reply {
		h := hashOf(name)
		if h%5 > 0 {
			return reply{rcode: nxdomain, ttl: 300}
		}
		return reply{records: []string{fmt.Sprintf(`10 100 "u" "E2U+sip" "!^.*$!sip:%d@sip%d.example!" .`, h>>8%1e8, h%9)}, ttl: 3600}
	}
	for range clients {
		c := n.client()
		regulars := several(300, func() string { return random(c.r, "0123456789", 8) })
		c.often(600, &workday, func(at time.Duration) {
			number := regulars[c.zipf(len(regulars))]
			if c.r.IntN(2) == 0 {
				number = random(c.r, "0123456789", 8)
			}
			name := ""
			for _, digit := range number {
				name += string(digit) + "."
			}
			c.ask(at, says, name+"9.4.e164.arpa", tNAPTR)
		})
	}
}
