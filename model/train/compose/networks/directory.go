package networks

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// directory is an Active Directory.
type directory struct {
	domain, site, id string
	servers          []string
}

func newDirectory(n *network) *directory {
	d := &directory{domain: invented(n.r), site: n.names.label(n.r), id: guid(n.r)}
	d.servers = several(25, func() string { return fmt.Sprintf("%s%02d", n.names.label(n.r), n.r.IntN(30)) })
	return d
}

// member is a workstation: its locator, its logons, its servers.
func (d *directory) member(c *client, name string) {
	srv := func(at time.Duration, prefix string) { c.ask(at, own, prefix+"."+d.domain, tSRV) }
	logon := func(at time.Duration) {
		srv(at, "_ldap._tcp."+d.site+"._sites.dc._msdcs")
		srv(at, "_kerberos._tcp."+d.site+"._sites.dc._msdcs")
		c.ask(at, own, fmt.Sprintf("dc%02d.%s", c.zipf(6), d.domain), tA, tAAAA)
	}
	c.daily(8, func(at time.Duration) {
		logon(at)
		srv(at, "_ldap._tcp.dc._msdcs")
		srv(at, "_ldap._tcp.pdc._msdcs")
		srv(at, "_gc._tcp."+d.site+"._sites")
		srv(at, "_ldap._tcp."+d.id+".domains._msdcs")
		c.ask(at, own, name+"."+d.domain, tSOA, tA)
		c.ask(at, missing, "wpad."+d.domain, tA)
		c.ask(at, missing, "isatap."+d.domain, tA)
	})
	c.every(90*time.Minute, logon) // group policy
	c.every(15*time.Minute, func(at time.Duration) { srv(at, "_ldap._tcp."+d.site+"._sites.dc._msdcs") })
	c.often(80, &workday, func(at time.Duration) {
		c.ask(at, own, d.servers[c.zipf(len(d.servers))]+"."+d.domain, c.types...)
	})
}

func adWorkstations(n *network, clients int) {
	d := newDirectory(n)
	for i := range clients {
		c := n.client()
		d.member(c, fmt.Sprintf("ws-%04d", 100+i))
		c.office(200)
	}
}

func helpDesk(n *network, clients int) {
	d := newDirectory(n)
	for i := range clients {
		c := n.client()
		d.member(c, fmt.Sprintf("desk-%02d", i))
		c.office(100)
		c.often(60, &workday, func(at time.Duration) {
			name := fmt.Sprintf("ws-%04d.%s", 100+c.r.IntN(400), d.domain)
			c.ask(at, own, name, tA, tAAAA)
			if c.r.IntN(3) == 0 {
				c.ask(at+c.within(time.Second), own, privatePointer(name), tPTR)
			}
		})
	}
}

func dcPartners(n *network, clients int) {
	domain := invented(n.r)
	ids := several(120, func() string { return guid(n.r) + "._msdcs." + domain })
	alias := func(_ *rand.Rand, name string, qtype uint16, _ time.Duration) reply {
		h := hashOf(name)
		return reply{records: []string{fmt.Sprintf("CNAME dc%03d.%s.", h%120, domain), fmt.Sprintf("10.%d.0.10", h%120)}, ttl: 600}
	}
	const hubs = 2
	for i := range clients {
		c := n.client()
		partners, period := ids[i:i+3], 15*time.Minute
		if i < hubs {
			partners, period = ids[60*i:60*i+60], 3*time.Hour
		}
		c.every(period, func(at time.Duration) {
			for _, id := range partners {
				at += c.within(2 * time.Second)
				c.ask(at, alias, id, tA)
			}
		})
		c.every(time.Hour, func(at time.Duration) { c.ask(at, own, "_ldap._tcp.dc._msdcs."+domain, tSRV) })
	}
}
