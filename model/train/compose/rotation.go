package main

import "math/rand/v2"

// rotations are tunnels that spread over 2 to 20 SLDs, so that none of them carries
// much. One id stands below all. Half of them run among what their client asks for
// anyway.
func rotations() []tunnelFamily {
	quick := rhythm{name: "active", fastest: 0.05, slowest: 3, mostPoll: 0.5, fewest: 30, most: 400}
	idle := rhythm{name: "idle", fastest: 1, slowest: 30, poll: 0.5, mostPoll: 0.95, fewest: 30, most: 200}
	patient := rhythm{name: "slow", fastest: 30, slowest: 600, mostPoll: 0.8, fewest: 20, most: 120}
	kinds := encodings()
	return []tunnelFamily{
		{"rotation", []rhythm{quick, idle, patient}, func(r *rand.Rand, w *world, h rhythm) client {
			t := newTunnel(r, kinds[r.IntN(len(kinds))].encode(r), h)
			t.size, t.beat = int(logUniform(r, leastData, 80)), ""
			if t.id == "" {
				t.id = random(r, pick(r, hexDigits, base32, base36), 2+r.IntN(9))
			}
			s := &session{next: t.next, habits: newHabits(r, "", logUniform(r, h.fastest, h.slowest))}
			return rotation(r, w, h, "rotation", s)
		}},
		{"rotation-beacon", []rhythm{idle, patient}, func(r *rand.Rand, w *world, h rhythm) client {
			return rotation(r, w, h, "rotation-beacon", beacon(r, w, h))
		}},
		{"rotation-download", []rhythm{quick, patient}, func(r *rand.Rand, w *world, h rhythm) client {
			types := []int{tTXT, tTXT, tAAAA, tA, tCNAME, tMX, tSRV, tNULL}
			return rotation(r, w, h, "rotation-download", download(r, w, h, "", types, true))
		}},
	}
}

// rotation spreads a session over SLDs, in turn, in runs or at random, with a few
// types in most.
func rotation(r *rand.Rand, w *world, h rhythm, name string, s *session) client {
	s.family = "tunnel-" + name
	s.slds = several(2+r.IntN(19), func() string { return w.freshSLD(r) })
	s.turn = []int{0, 0, 1, 1, 1 + r.IntN(10)}[r.IntN(5)]
	s.names = max(int(logUniform(r, float64(h.fewest), float64(h.most))), 2*len(s.slds))
	if s.habits.says == nil && r.IntN(4) > 0 {
		all := []int{tA, tAAAA, tTXT, tCNAME, tMX, tSRV, tNS}
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		s.habits.asked, s.habits.together = all[:2+r.IntN(len(all)-1)], false
	}
	return w.among(r, client{s}, float64(s.names)*s.habits.mean)
}
