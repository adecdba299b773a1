package detect

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/notunnel/notunnel/plugin/standing"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// What an engine remembers of a name is what it would find out again, whatever lists came
// into force meanwhile.
func TestWhatIsRememberedOfNamesIsTrue(t *testing.T) {
	r, e, at := rand.New(rand.NewPCG(21, 1)), engine(t, func(c *Config) { c.Capacity = 64 }), time.Unix(1e9, 0)
	names := []string{
		".", "com.", "printer.local.", "1.2.0.192.in-addr.arpa.", "www.in-addr.arpa.", `a\.b.example.com.`, "..example.com.", "a..com.",
		strings.Repeat("a", 64) + ".com.", "duckdns.org.", "a.duckdns.org.", "b.a.duckdns.org.", "www.google.com.", "WWW.Google.com.", "x.y.google.com.",
	}
	for i := range 40 {
		names = append(names, fmt.Sprintf("h%d.d%d.example%d.net.", i, i%7, i%5))
	}
	for step := range 20_000 {
		switch domain := fmt.Sprintf("example%d.net", r.IntN(5)); r.IntN(400) {
		case 0:
			allow := &verdict.AllowList{}
			allow.Add(domain, "")
			e.SetAllow(allow)
		case 1:
			b := verdict.NewDenyBuilder(nil)
			b.AddScope(fmt.Sprintf("d%d.%s", r.IntN(7), domain))
			e.SetDeny(b.List())
		case 2:
			e.SetStanding([]*standing.List{nil, standing.Shipped()}[r.IntN(2)])
		}
		q := Query{Name: names[r.IntN(len(names))], Type: 1, Client: netip.AddrFrom4([4]byte{10, 0, 0, byte(r.IntN(3))}), At: at}
		if step%3 == 0 {
			e.Query(q, new(Decision)) // which then knows where the pair is
		}
		var got, want Decision
		e.Identify(q, &got)
		e.Begin(&q, &want)
		if want.known = (known{about: Malformed}); want.named {
			e.know(&want.Subject, want.who, &want.known)
		}
		want.place = got.place
		if got.known != want.known || got.Name != want.Name {
			t.Fatalf("step %d, %q: %+v, %q and %q, want %+v, %q and %q", step, q.Name, got.known, got.Prefix(), got.SLD(), want.known, want.Prefix(), want.SLD())
		}
	}
}

// Readers and writers of one set of entries get what was put, or nothing.
func TestNamesAreSafeForConcurrentUse(t *testing.T) {
	n, r := newNames(2), rand.New(rand.NewPCG(21, 2))
	keys, all := map[uint64]known{}, sync.WaitGroup{}
	for range 6 {
		keys[r.Uint64()] = known{hash: r.Uint64(), pair: r.Uint64(), place: r.Uint32(), standing: standing.Listed, about: Reverse, scope: uint8(r.Uint32())}
	}
	order := slices.Collect(maps.Keys(keys))
	for who := range uint64(4) {
		all.Go(func() {
			r, name := rand.New(rand.NewPCG(22, who)), new(Decision)
			for range 100_000 {
				key := order[r.IntN(len(order))]
				if k := keys[key]; r.IntN(2) == 0 {
					n.remember(key, &name.Name, &k)
				} else if got := (known{}); n.find(key, &name.Name, &got) && got != k {
					t.Errorf("%+v is found under %x, want %+v", got, key, k)
				}
			}
		})
	}
	all.Wait()
}
