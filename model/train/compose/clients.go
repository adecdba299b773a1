package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// clients are whole clients: what one asks for below many SLDs at the same time,
// few names below each, to learn from what is to be seen of a client as a whole.
// Sessions below the most popular SLDs are of the family "popular", which nothing
// is learned from.
func clients(w *world) []clientFamily {
	hard := benignFamilies(w)
	return []clientFamily{
		{"clients", func(r *rand.Rand) client {
			c := w.office(r, 10+int(logUniform(r, 1, 90)), logUniform(r, 600, 6*3600))
			if r.IntN(2) == 0 {
				for range 1 + r.IntN(4) {
					s := hard[r.IntN(len(hard))].session(r, w)
					s.names = min(s.names, 40)
					s.after = r.Float64() * 600
					c = append(c, s)
				}
			}
			return c.alike(r)
		}},
		{"clients-services", func(r *rand.Rand) client { return w.services(r, hard).alike(r) }},
		{"clients-forwarder", func(r *rand.Rand) client { return w.forwarder(r, hard).alike(r) }},
		{"mail-server", func(r *rand.Rand) client { return w.mailServer(r).alike(r) }},
		{"crawler", func(r *rand.Rand) client { return w.crawler(r).alike(r) }},
		{"scanned", func(r *rand.Rand) client { return w.vulnerabilityScanner(r).alike(r) }},
		{"tracker", func(r *rand.Rand) client { return w.trackers(r).alike(r) }},
	}
}

// clientFamily is a kind of whole clients.
type clientFamily struct {
	name  string
	start func(r *rand.Rand) client
}

// services are several SLDs of one hard family among ordinary ones: who has one such
// service may well have more, and what is below them looks alike.
func (w *world) services(r *rand.Rand, hard []family) client {
	span := logUniform(r, 600, 6*3600)
	c := w.office(r, 4+int(logUniform(r, 1, 60)), span)
	return append(c, w.served(r, hard[r.IntN(len(hard))], 2+r.IntN(11), span)...)
}

// forwarder is a network that asks as one client: much of what is ordinary, and a few
// hard families, of some of which several SLDs.
func (w *world) forwarder(r *rand.Rand, hard []family) client {
	span := logUniform(r, 600, 6*3600)
	c := w.office(r, int(logUniform(r, 60, 400)), span)
	for range 2 + r.IntN(8) {
		c = append(c, w.served(r, hard[r.IntN(len(hard))], 1+int(r.ExpFloat64()*2), span)...)
	}
	return c
}

// served are sessions of a family below that many SLDs, none of them long.
func (w *world) served(r *rand.Rand, f family, slds int, span float64) (c client) {
	for range slds {
		s := f.session(r, w)
		s.names, s.after = min(s.names, 1+int(logUniform(r, 2, 60))), r.Float64()*span
		c = append(c, s)
	}
	return c
}

// alike makes all sessions of a client have replies in the log, or none.
func (c client) alike(r *rand.Rand) client {
	unlogged := r.IntN(4) == 0
	for _, s := range c {
		s.habits.unlogged = unlogged
	}
	return c
}

// among puts tunnels into the ordinary traffic of their client, or leaves them
// alone. Sessions that bring data in keep their replies, and so does all beside.
func (w *world) among(r *rand.Rand, tunnels client, span float64) client {
	if r.IntN(2) == 0 {
		return tunnels
	}
	unlogged := tunnels[0].habits.unlogged
	// A long time sees more of what people go to.
	slds := (5 + logUniform(r, 1, 60)) * min(1+span/7200, 6)
	c := append(tunnels, w.office(r, int(slds), span)...)
	for _, s := range c {
		s.habits.unlogged = unlogged
	}
	return c
}

// office is what people and programs ask for at a desk within so many seconds:
// names of so many SLDs, a few of them popular, most of which are asked for once
// or twice.
func (w *world) office(r *rand.Rand, slds int, span float64) (c client) {
	asked, together := []int{tA}, true
	switch r.IntN(3) {
	case 0:
		asked = []int{tA, tAAAA}
	case 1:
		asked = []int{tA, tAAAA, tHTTPS}
	}
	seen := map[string]bool{}
	for range slds {
		z := w.visited(r)
		if seen[z.sld] {
			continue
		}
		seen[z.sld] = true
		s := ordinarySession(r, "client", z.sld)
		if z.top {
			s.family = "popular"
		}
		s.next, s.after = z.visit(r), r.Float64()*span
		s.names = min(1+int(r.ExpFloat64()*2), len(z.prefixes))
		if r.IntN(10) == 0 {
			s.names = min(visited(r, false), len(z.prefixes))
		}
		if r.IntN(8) > 0 {
			s.habits.asked, s.habits.together = asked, together
		}
		if r.IntN(6) > 0 {
			s.habits.says = hosts(r)
		}
		s.habits.mean = logUniform(r, fastest, max(span/10, 1))
		c = append(c, s)
	}
	return c
}

// visited draws an SLD that people go to: one of many names more often than not,
// as large services have them, and rather a popular one.
func (w *world) visited(r *rand.Rand) *zone {
	switch x := r.Float64(); {
	case x < 0.25 && len(w.topped) > 0:
		return w.topped[int(r.Float64()*r.Float64()*float64(len(w.topped)))]
	case x < 0.6:
		return w.zones[int(r.Float64()*r.Float64()*float64(len(w.zones)))]
	}
	return w.named[r.IntN(len(w.named))]
}

// mailServer looks up what it checks of many senders' domains: few names of each,
// most of which begin with an underscore or bring a text.
func (w *world) mailServer(r *rand.Rand) (c client) {
	span := logUniform(r, 600, 6*3600)
	texts := published(r)
	for range 20 + int(logUniform(r, 1, 180)) {
		sld := w.freshSLD(r)
		selector := pick(r, "selector1", "selector2", "google", "s1", "s"+num(r, 99), "k2", "k3", "default", "mail", fmt.Sprint(20200000+r.IntN(69999)), random(r, base32, 32))
		lookups := []struct {
			prefix string
			qtype  int
		}{
			{"", tMX}, {"", tTXT}, {pick(r, "mail", "mx1", "smtp", "smtp-out"+num(r, 9), w.label(r)), tA}, {selector + "._domainkey", tTXT}, {"_dmarc", tTXT},
			{"_mta-sts", tTXT}, {"_25._tcp." + pick(r, "mail", "mx1"), tTLSA}, {"default._bimi", tTXT}, {"_adsp._domainkey", tTXT},
		}
		after := r.Float64() * span
		for _, l := range lookups[:3+r.IntN(len(lookups)-2)] {
			s := ordinarySession(r, "mail-server", sld)
			s.names, s.again, s.after = 1, 0, after
			s.next = func() string { return l.prefix }
			s.habits.asked, s.habits.together, s.habits.says = []int{l.qtype}, false, texts
			c = append(c, s)
			after += r.Float64()
		}
	}
	return c
}

// crawler asks once for each name of many SLDs, one SLD after the other or several
// at a time.
func (w *world) crawler(r *rand.Rand) (c client) {
	gap, after := logUniform(r, 0.01, 5), 0.
	for range 20 + int(logUniform(r, 1, 100)) {
		z := w.named[r.IntN(len(w.named))]
		if r.IntN(3) == 0 {
			z = w.zones[r.IntN(len(w.zones))]
		}
		s := ordinarySession(r, "crawler", z.sld)
		s.next, s.names, s.again, s.after = z.visit(r), min(1+int(r.ExpFloat64()*4), len(z.prefixes)), 0, after
		s.habits.mean, s.habits.asked, s.habits.says = gap*float64(1+r.IntN(4)), [][]int{{tA}, {tA, tAAAA}}[r.IntN(2)], hosts(r)
		c = append(c, s)
		after += gap * r.ExpFloat64() * 4
	}
	return c
}

// vulnerabilityScanner tries the same names below many SLDs, of which few exist,
// and all types of record.
func (w *world) vulnerabilityScanner(r *rand.Rand) (c client) {
	guesses := several(5+r.IntN(16), func() string { return pick(r, w.label(r), w.word(r)) })
	if r.IntN(3) == 0 { // whether a server answers any name
		guesses = append(guesses, random(r, pick(r, lowercase, base36, hexDigits), 8+r.IntN(16)))
	}
	gap, after, exist := logUniform(r, 0.005, 1), 0., r.Float64()*0.5
	for range 5 + r.IntN(21) {
		at := -1
		s := ordinarySession(r, "scanned", w.freshSLD(r))
		s.next = func() string { at++; return guesses[at%len(guesses)] }
		s.names, s.again, s.after = len(guesses), 0, after
		if r.IntN(2) == 0 {
			s.habits.asked, s.habits.together = []int{tA, tNS, tMX, tTXT, tAAAA, tSRV}[:1+r.IntN(6)], r.IntN(2) == 0
		}
		host := hosts(r)
		s.habits.mean, s.habits.says = gap, func(r *rand.Rand, name string, qtype int) reply {
			if fixed(name, 2).Float64() > exist {
				return reply{rcode: nxdomain}
			}
			return host(r, name, qtype)
		}
		c = append(c, s)
		after += gap * float64(len(guesses)) * r.Float64()
	}
	return c
}

// trackers are the SLDs that pages load from: those that know a person by an id,
// which some of them hand on to each other, between ordinary ones.
func (w *world) trackers(r *rand.Rand) (c client) {
	span := logUniform(r, 60, 3600)
	person := random(r, pick(r, hexDigits, base36, "0123456789"), 8+r.IntN(25))
	for range 2 + r.IntN(12) {
		id := person
		if r.IntN(2) == 0 {
			id = pick(r, guid(r), random(r, base36, 8+r.IntN(25)))
		}
		head, tail := pick(r, "", "", "u-", "m.", "id."), pick(r, "", ".sync", "."+w.label(r), ".pixel", ".t")
		s := ordinarySession(r, "tracker", w.freshSLD(r))
		s.names, s.after = 1+int(r.ExpFloat64()*4), r.Float64()*span
		s.next = func() string {
			switch r.IntN(4) {
			case 0:
				return w.label(r) + tail
			case 1:
				return strings.Join([]string{w.label(r), head + id}, ".") + tail
			}
			return head + id + tail
		}
		s.habits.says = balanced(r)
		c = append(c, s)
	}
	return append(c, w.office(r, 5+r.IntN(30), span)...)
}
