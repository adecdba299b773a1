package main

import (
	"fmt"
	"testing"
	"time"
)

// The default dial is 256 KiB up and 64 KiB down, with the models out of the way and
// with them.
func TestDefaultBudgetHolds(t *testing.T) {
	const up, down = 256 << 10, 64<<10 + 4<<10
	ways := upWays(t)
	for _, args := range [][]string{{"--threshold", "1"}, nil} {
		var log []composed
		for i, name := range []string{"base32", "octets", "words, many"} {
			log = append(log, drip(fmt.Sprintf("10.0.10.%d", i), labelFor(name)+"-lab.net", 4*time.Second, 26*time.Hour, uint64(i), ways[name])...)
		}
		for i, w := range downWays()[:5] {
			log = append(log, drip(fmt.Sprintf("10.0.11.%d", i), labelFor(w.name)+"-lab.net", 20*time.Second, 26*time.Hour, uint64(i), w.write)...)
		}
		l := leaksOf(log, passes(t, log, args...), byPair)
		for pair := range l.up {
			u, d := mostOfADay(l.up[pair]), mostOfADay(l.down[pair])
			t.Logf("%v %-55s %7.0f B up %7.0f B down", args, pair, u, d)
			if u > up || d > down {
				t.Errorf("%v %s: %.0f bytes up and %.0f down in a day, at most %d and %d wanted", args, pair, u, d, up, down)
			}
		}
	}
}
