package networks

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// clusters are machines that run many programs.
var clusters = []Pattern{
	{Name: "k8s-node", What: "four Kubernetes nodes that poll four hosts each every 15 s, A and AAAA, through the search path (ndots 5)", Clients: 4, make: nodes},
	{Name: "k8s-pods", What: "two nodes with 110 pods that ask for 40 hosts through the search path, a node cache of 30 s before them", Clients: 2, make: pods},
	{Name: "container-ids", What: "four proxies that find 500 containers a day each by their 12 hexadecimal digits, each some times; a log without replies", Clients: 4, make: containers, unlogged: true},
}

// search asks for a name as a resolver with ndots 5 does: with each suffix first.
func search(c *client, at time.Duration, name, space, suffix string) {
	for i, path := range []string{space + ".svc.cluster.local", "svc.cluster.local", "cluster.local", suffix} {
		c.ask(at+time.Duration(i)*time.Millisecond, brief, name+"."+path, tA, tAAAA)
	}
	c.ask(at+5*time.Millisecond, ordinary, name, tA, tAAAA)
}

// brief is NXDOMAIN that a node keeps for 30 seconds.
func brief(*rand.Rand, string, uint16, time.Duration) reply {
	return reply{rcode: nxdomain, ttl: 30}
}

func nodes(n *network, clients int) {
	suffix := invented(n.r)
	for range clients {
		c := n.server()
		hosts := several(4, func() string { return n.names.host(c.r) })
		c.every(15*time.Second, func(at time.Duration) {
			for i, h := range hosts {
				search(c, at+time.Duration(i)*20*time.Millisecond, h, "monitoring", suffix)
			}
		})
	}
}

func pods(n *network, clients int) {
	suffix := invented(n.r)
	for range clients {
		c := n.client()
		hosts := several(40, func() string { return n.names.host(c.r) })
		for p := range 110 {
			period := time.Duration(20+c.r.IntN(580)) * time.Second
			for range 2 + c.r.IntN(3) {
				host := hosts[c.zipf(len(hosts))]
				c.every(period, func(at time.Duration) { search(c, at, host, fmt.Sprintf("team%d", p%9), suffix) })
			}
		}
	}
}

func containers(n *network, clients int) {
	domain := "swarm." + invented(n.r)
	for range clients {
		c := n.server()
		c.often(500, &always, func(at time.Duration) {
			id := random(c.r, hexDigits, 12) + "." + domain
			for range 1 + c.r.IntN(6) {
				c.ask(at, own, id, tA, tAAAA)
				at += c.within(20 * time.Minute)
			}
		})
	}
}
