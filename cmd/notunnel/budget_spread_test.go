package main

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func hexOf(r *rand.Rand, n int) string { return hex.EncodeToString(bytesOf(r, n)) }

// Data spread over SLDs and clients: each pair has UP, and each client CLIENT and 16
// bytes for each SLD, whatever the list of popular domains.
func TestSpreadingPassesNoMore(t *testing.T) {
	const up, free = 1 << 10, 16
	for _, c := range []struct {
		slds, clients int
		popular       string
	}{
		{2, 1, ""}, {20, 1, "none"}, {200, 1, ""}, {1, 2, ""}, {1, 50, "none"}, {20, 50, ""},
	} {
		name := fmt.Sprintf("%d SLDs and %d clients, popular %q", c.slds, c.clients, c.popular)
		r := rand.New(rand.NewPCG(uint64(c.slds), uint64(c.clients)))
		var log []composed
		for i := range 26 * 3600 / 3 {
			sld := fmt.Sprintf("spread%d-lab.net", r.IntN(c.slds))
			q := below(hexOf(r, 12)+"."+hexOf(r, 4), sld, 128)
			if i%3 == 0 {
				q = below([]string{"www", "mail", "api", "cdn"}[r.IntN(4)], sld, 2)
			}
			q.at, q.client, q.sld = time.Duration(3*i)*time.Second, fmt.Sprintf("10.0.2.%d", r.IntN(c.clients)), sld
			log = append(log, q)
		}
		args := []string{"--budget", oneKiB, "--threshold", "1"}
		if c.popular != "" {
			args = append(args, "--popular", c.popular)
		}
		passed := passes(t, log, args...)
		pair, client := fullest(leaksOf(log, passed, byPair).up), fullest(leaksOf(log, passed, byClient).up)
		t.Logf("%-45s %5.0f B of a pair, %5.0f B of a client", name, pair, client)
		if most := float64(up + free*c.slds); pair > up || client > most || client == 0 {
			t.Errorf("%s: %.0f bytes of a pair passed and %.0f of a client, at most %d and %.0f wanted", name, pair, client, up, most)
		}
	}
}

// fullest is the most of a day of any key.
func fullest(all map[string][]amount) (most float64) {
	for _, amounts := range all {
		most = max(most, mostOfADay(amounts))
	}
	return most
}

// zoneWays write data below zones that many hold a part of, or that have a budget of
// their own.
var zoneWays = []struct {
	name  string
	most  float64 // bytes in a day
	write way
}{
	{"octets of one /24", 1 << 10, func(r *rand.Rand, _ int, _ string) composed {
		return composed{name: fmt.Sprintf("%d.5.6.8.in-addr.arpa", r.IntN(256)), qtype: "PTR", up: 8}
	}},
	{"octets of one /16", 16 << 10, func(r *rand.Rand, _ int, _ string) composed {
		return composed{name: fmt.Sprintf("%d.%d.7.8.in-addr.arpa", r.IntN(256), r.IntN(256)), qtype: "PTR", up: 16}
	}},
	{"nibbles of one /48", 1 << 10, func(r *rand.Rand, _ int, _ string) composed {
		return composed{name: strings.Join(strings.Split(hexOf(r, 10), ""), ".") + ".1.0.0.0.8.8.4.0.1.0.a.2.ip6.arpa", qtype: "PTR", up: 80}
	}},
	{"nibbles of one /32", 16 << 10, func(r *rand.Rand, _ int, _ string) composed {
		return composed{name: strings.Join(strings.Split(hexOf(r, 12), ""), ".") + ".9.8.4.0.1.0.a.2.ip6.arpa", qtype: "PTR", up: 96}
	}},
	{"labels below a /16", 1 << 10, func(r *rand.Rand, _ int, _ string) composed {
		return composed{name: hexOf(r, 16) + ".x.9.8.in-addr.arpa", up: 128}
	}},
	{"digits of a telephone number", 1 << 10, func(r *rand.Rand, _ int, _ string) composed {
		return composed{name: strings.Join(strings.Split(fmt.Sprintf("%08d", r.IntN(1e8)), ""), ".") + ".3.4.e164.arpa", up: 26.5}
	}},
	{"labels registered below a private suffix", 16 << 10, func(r *rand.Rand, _ int, _ string) composed {
		return composed{name: hexOf(r, 31) + ".duckdns.org", up: 248}
	}},
	{"labels below x1 to x9 of a private suffix", 16 << 10, func(r *rand.Rand, _ int, _ string) composed {
		return composed{name: fmt.Sprintf("%s.x%d.dynv6.net", hexOf(r, 16), 1+r.IntN(9)), up: 128}
	}},
	{"labels below a listed SLD", 4 << 10, func(r *rand.Rand, _ int, _ string) composed {
		return composed{name: hexOf(r, 16) + ".10tv.com", up: 128}
	}},
	{"labels below a popular SLD", 16 << 10, func(r *rand.Rand, _ int, _ string) composed {
		return composed{name: hexOf(r, 16) + ".google.com", up: 128}
	}},
	{"labels below a wildcard of the private part", 16 << 10, func(r *rand.Rand, _ int, _ string) composed {
		return composed{name: hexOf(r, 16) + ".compute.estate", up: 128}
	}},
	{"labels below a wildcard of a registry", 16 << 10, func(r *rand.Rand, _ int, _ string) composed {
		return composed{name: hexOf(r, 16) + ".kawasaki.jp", up: 128}
	}},
	{"labels below a /16 after names of its addresses", 1 << 10, func(r *rand.Rand, i int, _ string) composed {
		if i%1000 == 0 { // the first of a part of four hours
			return composed{name: "1.1.11.8.in-addr.arpa", qtype: "PTR"}
		}
		return composed{name: hexOf(r, 16) + ".x.11.8.in-addr.arpa", up: 128}
	}},
}

// Zones that strangers hold parts of have sixteen times as much, one by one.
func TestZonesPassNoMoreThanTheirs(t *testing.T) {
	var log []composed
	for i, z := range zoneWays {
		log = append(log, drip(fmt.Sprintf("10.0.3.%d", i), "zone", 10*time.Second, 26*time.Hour, uint64(i), z.write)...)
	}
	l := leaksOf(log, passes(t, log, "--budget", oneKiB, "--threshold", "1"), byClient)
	for i, z := range zoneWays {
		got := mostOfADay(append(l.up[fmt.Sprintf("10.0.3.%d", i)], amount{}))
		t.Logf("%-50s %6.0f B up", z.name, got)
		t.Run(z.name, func(t *testing.T) {
			if got > z.most {
				t.Errorf("%.0f bytes in a day, at most %.0f wanted", got, z.most)
			}
		})
	}
}
