package networks

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"time"
)

// services are what people use that spreads itself over many names or addresses.
var services = []Pattern{
	{Name: "session-labels", What: "a service that gives each of 100 sessions a day and person a label below its unlisted domain", Clients: 40, make: sessions},
	{Name: "regional-video", What: "video from some of 1,200 edges of an unlisted provider, 120 a day and person; a log without replies", Clients: 40, make: video, unlogged: true},
	{Name: "rotating-addresses", What: "an unlisted delivery network whose replies hold 4 and 8 of ever other addresses, for a minute: 30 desks, 2 servers that ask every minute", Clients: 32, make: rotating},
	{Name: "ech-keys", What: "HTTPS records with keys for Encrypted Client Hello that change every hour, of 600 sites and an unlisted one that is used all day", Clients: 60, make: helloKeys},
}

func sessions(n *network, clients int) {
	domain := "app." + invented(n.r)
	for range clients {
		c := n.client()
		c.office(60)
		c.often(100, &workday, func(at time.Duration) {
			session := random(c.r, base36, 10) + "." + domain
			c.served(at, session)
			c.served(at+c.within(time.Hour), session)
		})
	}
}

func video(n *network, clients int) {
	domain := "edge." + invented(n.r)
	site := several(60, func() string { return "sn-" + random(n.r, base36, 4) + "-" + random(n.r, base36, 4) })
	for range clients {
		c := n.client()
		c.office(60)
		c.often(120, &evening, func(at time.Duration) {
			c.host(at, fmt.Sprintf("r%d---%s.%s", 1+c.r.IntN(20), site[c.zipf(len(site))], domain))
		})
	}
}

func rotating(n *network, clients int) {
	domain := invented(n.r)
	says := func(r *rand.Rand, name string, qtype uint16, _ time.Duration) reply {
		x := reply{ttl: 60}
		switch qtype {
		case tA:
			for range 4 {
				x.records = append(x.records, fmt.Sprintf("18.64.%d.%d", hashOf(name)&3, 1+r.IntN(254)))
			}
		case tAAAA:
			for range 8 {
				x.records = append(x.records, fmt.Sprintf("2600:9000:%x:%x00:%x:%x:%x:21", 0x2000+hashOf(name)&15, r.IntN(250), hashOf(name)&31, hashOf(name)>>16&0xffff, hashOf(name)>>32&0xffff))
			}
		}
		return x
	}
	for i := range clients {
		if i < 2 {
			c := n.server()
			c.every(time.Minute, func(at time.Duration) { c.ask(at, says, "api."+domain, tA, tAAAA) })
			continue
		}
		c := n.client()
		c.office(100)
		c.often(80, &workday, func(at time.Duration) {
			c.ask(at, says, pick(c.r, "www", "img", "api", "assets")+"."+domain, tA, tAAAA)
		})
	}
}

func helloKeys(n *network, clients int) {
	site := invented(n.r)
	sites := several(600, func() string { return n.names.host(n.r) })
	says := func(r *rand.Rand, name string, qtype uint16, at time.Duration) reply {
		if qtype != tHTTPS {
			return ordinary(r, name, qtype, at)
		}
		key := make([]byte, 71) // an ECHConfigList with one X25519 key
		of := rand.New(rand.NewPCG(7, uint64(at/time.Hour)))
		for i := range key {
			key[i] = byte(of.Uint32())
		}
		return reply{records: []string{fmt.Sprintf(`1 . alpn="h3,h2" ipv4hint=%s ech=%s ipv6hint=%s`, ipv4(hashOf(name)), base64.StdEncoding.EncodeToString(key), ipv6(hashOf(name)))}, ttl: 300}
	}
	for range clients {
		c := n.client()
		c.types = []uint16{tA, tAAAA, tHTTPS}
		c.often(200, &workday, func(at time.Duration) {
			c.ask(at, says, sites[c.zipf(len(sites))], c.types...)
			c.ask(at, says, pick(c.r, "www.", "chat.", "files.")+site, c.types...)
		})
	}
}
