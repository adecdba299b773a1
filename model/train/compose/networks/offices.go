package networks

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// offices are desks, and what their systems ask for of their own accord.
var offices = []Pattern{
	{Name: "ad-workstation", What: "workstations of an Active Directory with an unlisted domain: site-aware SRV look-ups, servers, an update of the own name, pages", Clients: 40, make: adWorkstations},
	{Name: "help-desk", What: "six desks that connect to 60 of 400 workstations a day by name, forward and reverse", Clients: 6, make: helpDesk},
	{Name: "one-company", What: "200 workstations of a company, each using a dozen of 60 hosts below its unlisted domain; a log without replies", Clients: 200, make: oneCompany, unlogged: true},
	{Name: "dc-partners", What: "domain controllers that look each other up by GUID: 2 hubs with 60 partners every 3 hours, 30 branches with 3 every 15 minutes", Clients: 32, make: dcPartners},
	{Name: "msp-300-tenants", What: "two servers of a provider that check the lines of 300 tenants by names below one domain every hour, A and AAAA", Clients: 2, make: mspTenants},
	{Name: "search-suffix-unlisted", What: "workstations whose suffix is put behind 250 unlisted names each", Clients: 20, make: searchUnlisted},
	{Name: "search-suffix-popular", What: "workstations whose suffix is put behind 440 names each, as people ask for them", Clients: 20, make: searchPopular},
	{Name: "browser-probes", What: "browsers that ask for three random labels at each start, with the company's suffix behind them; a log without replies", Clients: 60, make: browserProbes, unlogged: true},
	{Name: "captive-portal", What: "portal checks of five vendors at each change of network, and one of an unlisted vendor every five minutes", Clients: 60, make: captivePortal},
	{Name: "backup-sessions", What: "backups below an unlisted domain, each hour with a new session label", Clients: 60, make: backups},
	{Name: "update-versions", What: "software that reads by TXT which version is current, every four hours, and asks for that version's part lists", Clients: 40, make: updates},
	{Name: "dns-sd", What: "wide-area service discovery below an unlisted domain: printers and players, every hour", Clients: 40, make: serviceDiscovery},
	{Name: "guid-telemetry", What: "telemetry with a new GUID in each of 300 names a day, below an unlisted domain", Clients: 30, make: guidTelemetry},
}

func oneCompany(n *network, clients int) {
	domain := invented(n.r)
	hosts := several(60, func() string { return n.names.label(n.r) })
	for range clients {
		c := n.client()
		c.office(60)
		mine := several(12, func() string { return hosts[c.zipf(len(hosts))] })
		c.often(70, &workday, func(at time.Duration) {
			c.ask(at, own, mine[c.zipf(len(mine))]+"."+domain, c.types...)
		})
	}
}

func mspTenants(n *network, clients int) {
	domain := invented(n.r)
	tenants := several(300, func() string { return n.names.label(n.r) + pick(n.r, "", "-gmbh", "-inc", "2") })
	for range clients {
		c := n.server()
		c.every(time.Hour, func(at time.Duration) {
			for _, t := range tenants {
				at += c.within(2 * time.Second)
				c.ask(at, single, "fw-"+t+"."+domain, tA, tAAAA)
			}
		})
	}
}

func searchUnlisted(n *network, clients int) {
	companies := several(120, func() string { return invented(n.r) })
	searched(n, clients, 250, func() string { return n.names.label(n.r) + "." + companies[n.r.IntN(len(companies))] })
}

func searchPopular(n *network, clients int) {
	searched(n, clients, 440, func() string { return n.names.host(n.r) })
}

// searched are clients that put their suffix behind the names that each of them asks
// for, before they ask for the names themselves, as some systems and settings have it
// (a high ndots, "append these suffixes").
func searched(n *network, clients, names int, draw func() string) {
	suffix := "corp." + invented(n.r)
	for range clients {
		c := n.client()
		mine := several(names, draw)
		c.often(600, &workday, func(at time.Duration) {
			name := mine[c.zipf(len(mine))]
			c.ask(at, missing, name+"."+suffix, tA, tAAAA)
			c.host(at+time.Millisecond, name)
		})
	}
}

func browserProbes(n *network, clients int) {
	suffix := invented(n.r)
	for range clients {
		c := n.client()
		c.office(120)
		c.often(8, &workday, func(at time.Duration) {
			for range 3 {
				c.ask(at, missing, random(c.r, lowercase, 7+c.r.IntN(9))+"."+suffix, tA, tAAAA)
			}
		})
	}
}

func captivePortal(n *network, clients int) {
	checks := []string{"connectivitycheck.gstatic.com", "captive.apple.com", "detectportal.firefox.com", "www.msftconnecttest.com", "nmcheck.gnome.org"}
	vendor := "check." + invented(n.r)
	for range clients {
		c := n.client()
		c.office(120)
		c.often(20, &workday, func(at time.Duration) {
			for range 1 + c.r.IntN(3) {
				c.host(at, checks[c.r.IntN(len(checks))])
			}
		})
		c.every(5*time.Minute, func(at time.Duration) { c.host(at, vendor) })
	}
}

func backups(n *network, clients int) {
	domain := invented(n.r)
	for i := range clients {
		c := n.client()
		c.every(time.Hour, func(at time.Duration) {
			session := fmt.Sprintf("%s.job%d.vault", random(c.r, hexDigits, 16), i%7)
			c.host(at, "gateway."+domain)
			c.served(at+time.Second, session+"."+domain)
			c.served(at+10*time.Minute, session+"."+domain)
		})
	}
}

func updates(n *network, clients int) {
	domain := invented(n.r)
	current := func(at time.Duration) int { return 26500 + int(at/(8*time.Hour)) }
	says := texts(1800, func(_ *rand.Rand, name string, at time.Duration) string {
		return fmt.Sprintf("1.4.2:62:%d:%d:1:90:49192:334", current(at), begin.Add(at).Unix()/28800*28800)
	})
	parts := texts(86400, func(_ *rand.Rand, name string, _ time.Duration) string {
		return "sha256=" + random(fixed(name, 0), hexDigits, 64)
	})
	for range clients {
		c := n.client()
		c.office(60)
		c.every(4*time.Hour, func(at time.Duration) {
			c.ask(at, says, "current.cvd.clamav.net", tTXT)
			c.ask(at, says, "version."+domain, tTXT)
			for _, part := range []string{"base", "delta", "win64"} {
				c.ask(at+time.Second, parts, fmt.Sprintf("v%d.%s.pkg.%s", current(at), part, domain), tTXT)
			}
		})
	}
}

func serviceDiscovery(n *network, clients int) {
	domain := invented(n.r)
	var printers []string
	for i := range 12 {
		printers = append(printers, fmt.Sprintf(`%s\032LaserJet\032M%d\032\(floor\032%d\)`, pick(n.r, "HP", "Brother", "Canon"), 400+n.r.IntN(90), i/3))
	}
	says := func(r *rand.Rand, name string, qtype uint16, at time.Duration) reply {
		x := reply{ttl: 3600}
		switch qtype {
		case tPTR:
			for _, p := range printers {
				x.records = append(x.records, p+"."+name+".")
			}
		case tSRV:
			x.records = []string{fmt.Sprintf("0 0 631 prn%02d.%s.", hashOf(name)%12, domain)}
		case tTXT:
			x.records = []string{quote("txtvers=1") + " " + quote("rp=printers/"+fmt.Sprint(hashOf(name)%12)) + " " + quote("UUID="+guid(fixed(name, 1)))}
		default:
			return own(r, name, qtype, at)
		}
		return x
	}
	for range clients {
		c := n.client()
		c.office(60)
		c.every(time.Hour, func(at time.Duration) {
			for _, browse := range []string{"b", "lb", "db"} {
				c.ask(at, missing, browse+"._dns-sd._udp."+domain, tPTR)
				c.ask(at, missing, browse+"._dns-sd._udp.0.12.20.10.in-addr.arpa", tPTR)
			}
			for _, kind := range []string{"_ipp._tcp", "_ipps._tcp", "_airplay._tcp"} {
				c.ask(at, says, kind+"."+domain, tPTR)
			}
		})
		c.often(10, &workday, func(at time.Duration) {
			c.ask(at, says, printers[c.zipf(len(printers))]+"._ipp._tcp."+domain, tSRV, tTXT)
		})
	}
}

func guidTelemetry(n *network, clients int) {
	domain := "ev." + invented(n.r)
	for range clients {
		c := n.client()
		c.often(300, &workday, func(at time.Duration) { c.served(at, guid(c.r)+"."+domain) })
	}
}
