package detect

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/model/forest"
	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// budgeted is an engine whose models flag nothing.
func budgeted(t *testing.T, capacity int, limits meter.Limits) *Engine {
	t.Helper()
	return engine(t, func(c *Config) { c.Budget, c.Thresholds, c.Capacity = limits, forest.All(1), capacity })
}

// sent asks for a name and returns what it was charged, and whether it passed.
func sent(e *Engine, name string, from netip.Addr, at time.Time) (meter.Bits, bool) {
	d := ask(e, Query{Name: name, Type: dns.TypeA, Client: from, At: at})
	return d.Price, d.Verdict != verdict.Block
}

func numbered(n int) netip.Addr { return netip.AddrFrom4([4]byte{10, 9, byte(n >> 8), byte(n)}) }

// spentBy is what has passed up of the SLD's pair.
func spentBy(e *Engine, sld string, from netip.Addr, at time.Time) meter.Bits {
	var d Decision
	e.Identify(Query{Name: sld, Client: from, At: at}, &d)
	up, _ := e.pairs.spent(d.pair, at)
	return up
}

// A flood of random SLDs through a small meter neither frees who has spent his budget
// nor charges who has not with more than 64 bytes.
func TestFloodNeitherFreesNorCharges(t *testing.T) {
	const up, capacity, flood, innocents = 1 << 10, 4096, 62_500, 1000 // as a million at 65,536
	e, at := budgeted(t, capacity, meter.Limits{Up: meter.FromBytes(up)}), time.Unix(1.7e9, 0)
	r := rand.New(rand.NewPCG(1, 9))
	var paid meter.Bits
	tunnel := func() (passed bool) {
		price, passed := sent(e, randomLabel(r, hexa, 40)+".spender-test.com.", client, at)
		paid += price
		return passed
	}
	for range 100 {
		tunnel()
	}
	for i := range flood {
		at = at.Add(time.Millisecond)
		sent(e, fmt.Sprintf("%s.f%d-test.com.", randomLabel(r, hexa, 30), i), numbered(i%7), at)
	}
	passes := 0
	for range 200 {
		if tunnel() {
			passes++
		}
	}
	if passes > 1 || paid > meter.FromBytes(up) {
		t.Errorf("after the flood %d queries of the spender pass, %d bytes in all", passes, paid.Bytes())
	}
	charged := 0
	for i := range innocents {
		sld := fmt.Sprintf("innocent%d-test.com.", i)
		price, passed := sent(e, "www."+sld, numbered(500+i), at)
		if got := spentBy(e, sld, numbered(500+i), at); !passed || got-price > meter.FromBytes(64) {
			charged++
		}
	}
	if charged > innocents/100 {
		t.Errorf("%d of %d innocent pairs are charged with more than 64 bytes of others", charged, innocents)
	}
}

// However many queries come at once, what is charged stays below UP.
func TestQueriesAtOnceStayWithinUp(t *testing.T) {
	const up, workers = 2 << 10, 8
	e, at := budgeted(t, 4096, meter.Limits{Up: meter.FromBytes(up)}), time.Unix(1.7e9, 0)
	var all sync.WaitGroup
	var mu sync.Mutex
	var charged meter.Bits
	for w := range workers {
		all.Add(1)
		go func() {
			defer all.Done()
			r := rand.New(rand.NewPCG(uint64(w), 9))
			for range 2000 {
				price, _ := sent(e, randomLabel(r, hexa, 1+r.IntN(40))+".at-once-test.com.", client, at)
				mu.Lock()
				charged += price
				mu.Unlock()
			}
		}()
	}
	all.Wait()
	if charged > meter.FromBytes(up) || charged < meter.FromBytes(up)/4 {
		t.Errorf("%d bytes were charged of at most %d", charged.Bytes(), up)
	}
	if got := spentBy(e, "at-once-test.com.", client, at); got != charged {
		t.Errorf("%d bits are kept, %d were charged", got, charged)
	}
}

// The same for a client's sum over SLDs, which is read before and written after the
// pair: queries at once can exceed it by one each.
func TestQueriesAtOnceStayWithinTheClientsSum(t *testing.T) {
	const limit, workers, slds = 1 << 10, 8, 50
	e, at := budgeted(t, 4096, meter.Limits{Up: meter.FromBytes(1 << 10), Client: meter.FromBytes(limit)}), time.Unix(1.7e9, 0)
	var all sync.WaitGroup
	for w := range workers {
		all.Add(1)
		go func() {
			defer all.Done()
			r := rand.New(rand.NewPCG(uint64(w), 8))
			for range 1000 {
				sent(e, fmt.Sprintf("%s.sum%d-test.com.", randomLabel(r, hexa, 60), r.IntN(slds)), client, at)
			}
		}()
	}
	all.Wait()
	var charged meter.Bits
	for i := range slds {
		charged += spentBy(e, fmt.Sprintf("sum%d-test.com.", i), client, at)
	}
	const name = 48 // bytes that a query costs at most here
	if most := meter.FromBytes(limit + slds*16 + workers*name); charged > most || charged < meter.FromBytes(limit) {
		t.Errorf("%d bytes were charged, at most %d wanted", charged.Bytes(), most.Bytes())
	}
}

// Blocked queries are not remembered: a refused name stays new.
func TestRefusedNamesStayNew(t *testing.T) {
	e, at := budgeted(t, 4096, meter.Limits{Up: meter.FromBytes(256)}), time.Unix(1.7e9, 0)
	r := rand.New(rand.NewPCG(2, 9))
	for range 50 {
		sent(e, randomLabel(r, hexa, 40)+".stays-test.com.", client, at)
	}
	refused := randomLabel(r, hexa, 60) + ".stays-test.com."
	for range 100 {
		if _, passed := sent(e, refused, client, at); passed {
			t.Fatal("a refused name passes when it is repeated")
		}
	}
}

// The allow list, another list of popular SLDs and an heir forget nothing that was spent.
func TestListsAndHeirsKeepWhatWasSpent(t *testing.T) {
	limits := meter.Limits{Up: meter.FromBytes(1 << 10)}
	e, at := budgeted(t, 4096, limits), time.Unix(1.7e9, 0)
	r := rand.New(rand.NewPCG(4, 9))
	tunnel := func(e *Engine) bool {
		_, passed := sent(e, randomLabel(r, hexa, 60)+".kept-test.com.", client, at)
		return passed
	}
	for range 100 {
		tunnel(e)
	}
	heir, err := New(e.config, e)
	if err != nil {
		t.Fatal(err)
	}
	smaller := e.config
	smaller.Capacity, smaller.Budget.Down = 64, meter.FromBytes(100)
	second, err := New(smaller, heir)
	if err != nil {
		t.Fatal(err)
	}
	e.SetAllow(nil)
	e.SetStanding(nil)
	for name, e := range map[string]*Engine{"other lists": e, "an heir": heir, "an heir of other options": second} {
		if tunnel(e) && tunnel(e) {
			t.Errorf("%s: the spender's new names pass", name)
		}
	}
}
