package meter

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/miekg/dns"
)

// An account that is forgiven has spent nothing, held or not, and pays for no name again;
// others have spent what they had.
func TestForgive(t *testing.T) {
	for _, evicted := range []bool{false, true} {
		m, r := newMeter(t, 200, Limits{Up: kib(1)}, 1), rand.New(rand.NewPCG(3, 1))
		spend := func(domain string) {
			for m.Query(query(hex.EncodeToString(random(r, 20)), domain, 1, dns.TypeA, begin)).Cause == Within {
			}
		}
		m.Query(query("www", "ours.example", 1, dns.TypeA, begin))
		spend("ours.example")
		spend("other.example")
		if evicted {
			for i := range 1000 {
				m.Query(query("www", fmt.Sprintf("site%d.example", i), 1, dns.TypeA, begin))
			}
		}
		spent := func(domain string) Bits {
			up, _ := m.spentHere(query("", domain, 1, dns.TypeA, begin).Pair, begin)
			return up
		}
		before := spent("other.example")
		m.ForgiveHere(query("", "ours.example", 1, dns.TypeA, begin).Pair, begin)
		if up := spent("ours.example"); up != 0 {
			t.Errorf("evicted %v: %d bytes are spent", evicted, up.Bytes())
		}
		if up := spent("other.example"); up != before || up == 0 {
			t.Errorf("evicted %v: of another account %d bytes are spent, %d before", evicted, up.Bytes(), before.Bytes())
		}
		o := m.Query(query("www", "ours.example", 1, dns.TypeA, begin))
		if o.Cause != Within || !evicted && o.Kind != Again {
			t.Errorf("evicted %v: %+v", evicted, o)
		}
	}
}
