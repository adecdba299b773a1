package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// beacons tell a few times an hour that they are there, and get a command by the
// address in the reply. Most of them run among what their client asks for anyway.
func beacons() []tunnelFamily {
	hourly := rhythm{name: "slow", fastest: 240, slowest: rarest, fewest: 12, most: 60}
	often := rhythm{name: "idle", fastest: 20, slowest: 240, fewest: 12, most: 120}
	return []tunnelFamily{{"beacon", []rhythm{often, hourly}, func(r *rand.Rand, w *world, h rhythm) client {
		s := beacon(r, w, h)
		return w.among(r, client{s}, float64(s.names)*s.habits.mean)
	}}}
}

func beacon(r *rand.Rand, w *world, h rhythm) *session {
	s := &session{
		family: "tunnel-beacon",
		slds:   []string{w.freshSLD(r)},
		next:   beaconNames(r),
		names:  int(logUniform(r, float64(h.fewest), float64(h.most))),
		habits: newHabits(r, "", logUniform(r, h.fastest, h.slowest)),
	}
	s.habits.steady = r.IntN(3) > 0
	s.habits.burst *= 0.2
	s.habits.asked, s.habits.together = [][]int{{tA}, {tA}, {tA}, {tAAAA}, {tTXT}, {tA, tTXT}}[r.IntN(6)], false
	s.habits.says = commands(r)
	return s
}

// beaconNames draws a layout: whose machine it is, and what keeps caches from
// answering.
func beaconNames(r *rand.Rand) namer {
	id := machineID(r)
	if r.IntN(2) == 0 {
		id = random(r, pick(r, hexDigits, base32, base36, "0123456789"), 4+r.IntN(9))
	}
	count, nonce := r.IntN(1<<12), 3+r.IntN(10)
	alphabet, form := pick(r, hexDigits, base36, lowercase), pick(r, "%d", "%x", "%05d", "%08x")
	kind, front, sep, zone := r.IntN(4), r.IntN(2) == 0, pick(r, ".", ".", "-", ""), pick(r, "", "", "ns1", "c", "cdn")
	clock := 1_760_000_000 + r.IntN(1e7)
	return func() string {
		count++
		clock += 60 + r.IntN(1800)
		fresh := ""
		switch kind {
		case 0:
			fresh = random(r, alphabet, nonce)
		case 1:
			fresh = fmt.Sprintf(form, count)
		case 2:
			fresh = fmt.Sprint(clock)
		default:
			fresh = fmt.Sprintf(form, count) + random(r, alphabet, nonce)
		}
		parts := []string{id, fresh}
		if front {
			slices.Reverse(parts)
		}
		if len(id)+len(fresh) > maxLabel-1 {
			return below(strings.Join(parts, "."), zone)
		}
		return below(strings.Join(parts, sep), zone)
	}
}

// commands are replies of which most say that there is nothing to do. Some hide
// that under a mask which changes.
func commands(r *rand.Rand) answer {
	base := bytesOf(r, 16)
	if r.IntN(2) == 0 {
		base = []byte{byte(r.IntN(2) * 127), 0, 0, byte(r.IntN(250)), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}
	}
	masked, busy := r.IntN(4) == 0, 0.02+0.2*r.Float64()
	write, seed := codings[r.IntN(4)], r.Uint64()
	return func(_ *rand.Rand, name string, qtype int) reply {
		r, data := fixed(name, seed), slices.Clone(base)
		if r.Float64() < busy {
			data[3] = byte(r.IntN(16))
			data[2] = byte(r.IntN(4))
		}
		if masked {
			mask := byte(r.Uint32())
			for i := range data {
				data[i] ^= mask
			}
		}
		switch qtype {
		case tA:
			return reply{records: []string{literal(data[:4])}}
		case tAAAA:
			return reply{records: []string{literal(data)}}
		}
		return reply{records: []string{rdata(qtype, data[:8], write)}}
	}
}
