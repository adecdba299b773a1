package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// Names that are refused can be tried again, changed a little, until one passes for a
// known name: its fingerprint has 16 bits. 200 bytes a name make that worth it.
func TestTryingNamesUntilOnePassesGainsNothing(t *testing.T) {
	const most = 1 << 10
	long := func(r *rand.Rand, i int, sld string) composed {
		if i < 16 { // known names to be taken for
			return below(string(rune('a'+i)), sld, 0)
		}
		const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
		var labels []string
		for range 4 {
			label := make([]byte, 57)
			for i := range label {
				label[i] = letters[r.IntN(36)]
			}
			labels = append(labels, string(label))
		}
		return below(strings.Join(labels, "."), sld, 4*57*math.Log2(36))
	}
	log := drip("10.0.4.1", "tries-lab.net", time.Second, 24*time.Hour, 1, long)
	passed := passes(t, log, "--budget", oneKiB, "--threshold", "1")
	if got := fullest(leaksOf(log, passed, byPair).up); got > most {
		t.Errorf("%.0f bytes in a day, at most %d wanted", got, most)
	}
}

// Two names take turns, each asked for one to sixteen times: how often is the payload.
// A change costs a quarter of a bit, the number nothing.
func TestNumbersOfRepeatsCarryNoMoreThanTheyCost(t *testing.T) {
	const most = 1 << 10
	for _, c := range []struct {
		longest int
		every   time.Duration
	}{{2, time.Second}, {4, time.Second}, {16, 400 * time.Millisecond}} {
		t.Run(fmt.Sprintf("at most %d every %v", c.longest, c.every), func(t *testing.T) {
			left, turn, bits := 0, 0, 0.
			log := drip("10.0.5.1", "runs-lab.net", c.every, 24*time.Hour, 1, func(r *rand.Rand, _ int, sld string) (q composed) {
				bits = 0
				if left == 0 {
					left, turn, bits = 1+r.IntN(c.longest), 1-turn, math.Log2(float64(c.longest))
				}
				left--
				return below([]string{"a", "b"}[turn], sld, bits)
			})
			passed := passes(t, log, "--budget", oneKiB, "--threshold", "1")
			if got := fullest(leaksOf(log, passed, byPair).up); got > most {
				t.Errorf("%.0f bytes in a day, at most %d wanted", got, most)
			}
		})
	}
}
