package window

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/notunnel/notunnel/model/feature"
)

// FuzzWindow drives one window by a script, three bytes a step: what is asked or
// answered, which prefix, and how far the clock goes on. Where hashes are whole the
// sums are the naive ones; where they are cut to few bits nothing wraps.
func FuzzWindow(f *testing.F) {
	f.Add([]byte{0, 1, 0, 0, 2, 1, 1, 1, 0, 0, 1, 200}, false)
	f.Add([]byte{0, 1, 255, 0, 1, 255, 0, 2, 0, 3, 1, 0, 0, 17, 9}, true)
	f.Fuzz(func(t *testing.T, script []byte, collide bool) {
		span := Ticks(time.Hour)
		store, want := newStore(), &naive{}
		var last Outcome
		var got feature.Summary
		now := Tick(math.MaxUint32 - 5000) // across the wrap
		script = script[:min(len(script), 3*1000)]
		for step := 0; len(script) >= 3; step++ {
			what, which, pause := script[0], script[1], script[2]
			script = script[3:]
			now += Tick(pause) * Tick(pause)
			prefix := fmt.Sprintf("%x.zone%d", uint(which)*7919, which%3)
			q := asked{Query: Query{Prefix: []byte(prefix), Hash: hashed(prefix), Fresh: what&8 > 0, Known: Labels{uint64(what >> 4)}, Bits: int(pause), At: now}}
			if collide {
				q.Hash = uint64(which % 5)
				prefix = fmt.Sprint(q.Hash)
			}
			switch what & 3 {
			case 1:
				store.Learn(0, q.Hash, &Answer{News: int(which)})
				want.learn(prefix, int(which))
				continue
			case 2:
				store.Scored(0, last, float32(pause)/255)
				continue
			}
			last = store.Observe(&q, &got)
			want.observe(prefix, &q.Query, span)
			if last.Queries == 0 {
				t.Fatalf("step %d: %+v", step, last)
			}
			if what&4 > 0 {
				continue // the first prefix waits on
			}
			store.Peek(0, &got)
			if !collide {
				if err := same(got, want.summary()); err != nil {
					t.Fatalf("step %d: %v", step, err)
				}
				continue
			}
			if s := want.summary(); got.Events != s.Events || got.Fresh != s.Fresh || got.Answered != s.Answered {
				t.Fatalf("step %d: %+v, want the counts of %+v", step, got, s)
			}
			const most = MaxEvents * 20 // bytes: no prefix here is as long as 20
			if got.Bytes > most || got.Segments > most || got.Entropy > most || got.LossBytes > most*4 {
				t.Fatalf("step %d: a sum has wrapped: %+v", step, got)
			}
		}
	})
}
