package meter

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/miekg/dns"
)

// A meter that takes over goes on where the other one was: what was spent is spent,
// what was paid for is paid for.
func TestInherit(t *testing.T) {
	for _, capacity := range []int{1000, 5000} {
		old, next, r := newMeter(t, 1000, Limits{Up: kib(1)}, 1), newMeter(t, capacity, Limits{Up: kib(4)}, 1), rand.New(rand.NewPCG(2, 1))
		spend := func(m *Meter) Outcome {
			return m.Query(query(hex.EncodeToString(random(r, 20)), "tunnel.example", 1, dns.TypeA, begin))
		}
		for spend(old).Cause == Within {
		}
		old.Query(query("www", "own.example", 1, dns.TypeA, begin))
		next.Inherit(old)
		spent, _ := old.spentHere(query("", "tunnel.example", 1, 1, begin).Pair, begin)
		if o := spend(next); o.Cause != Within || o.Up < spent || o.Limit != 0 {
			t.Errorf("capacity %d: %+v, %d had been spent", capacity, o, spent)
		}
		if o := next.Query(query("www", "own.example", 1, dns.TypeA, begin)); o.Price != 0 {
			t.Errorf("capacity %d: a name is paid for again: %+v", capacity, o)
		}
		if o := spend(old); o.Cause == Within {
			t.Errorf("capacity %d: the old meter was changed", capacity)
		}
	}
}

func TestInheritRemembersWhatDoesNotFit(t *testing.T) {
	old, next, r := newMeter(t, 2000, Limits{}, 1), newMeter(t, 100, Limits{}, 1), rand.New(rand.NewPCG(2, 2))
	for i := range 1000 {
		old.Query(query(hex.EncodeToString(random(r, 30)), fmt.Sprintf("site%d.example", i), 1, dns.TypeA, begin))
	}
	next.Inherit(old)
	for i := range 1000 {
		pair := query("", fmt.Sprintf("site%d.example", i), 1, dns.TypeA, begin).Pair
		was, _ := old.spentHere(pair, begin)
		if is, _ := next.spentHere(pair, begin); is < was {
			t.Fatalf("pair %d had spent %d bytes, %d are remembered", i, was.Bytes(), is.Bytes())
		}
	}
}
