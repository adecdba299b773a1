package meter

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/plugin/keyhash"
)

// polled is hosts of one domain that a client polls every five minutes.
type polled struct {
	hosts     []*Query
	types     []uint16
	addresses []Record
}

const (
	pollEvery = 5 * time.Minute
	dayRounds = int(24 * time.Hour / pollEvery)
)

func newPolled(hosts int, domain string, types ...uint16) *polled {
	p := &polled{types: types}
	for i := range hosts {
		p.hosts = append(p.hosts, query(fmt.Sprintf("srv-%04d.prod", i), domain, 1, 0, begin))
		p.addresses = append(p.addresses, address(10<<24|uint32(i)*97))
	}
	return p
}

// round asks for all hosts in an order, and returns what that cost. Each has an address
// of its own, and none of other types.
func (p *polled) round(m *Meter, order []int, at time.Time) (cost Bits) {
	for _, i := range order {
		q := p.hosts[i]
		q.At = at
		for _, q.Type = range p.types {
			cost += m.Query(q).Price
			r := Reply{Pair: q.Pair, Hash: q.Hash, Type: q.Type, At: at}
			if q.Type == dns.TypeA {
				r.Records = p.addresses[i : i+1]
			}
			r.Told = TellAll(0, r.Records)
			m.Reply(&r)
		}
	}
	return cost
}

func inOrder(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	return order
}

// Who polls its own hosts in fixed order pays for each name and type once, and then
// what following costs, however many they are, and whoever asks for what beside it. The
// dearest case comes to 124 to 127 KiB, as the key has it, which therefore is given here;
// half of the default budget, which new names have to stay in, is 128.
func TestPollingInOrderIsCheap(t *testing.T) {
	defer func(key keyhash.Key) { testKey = key }(testKey)
	testKey = keyhash.Key{10}
	both := []uint16{dns.TypeA, dns.TypeAAAA}
	for _, c := range []struct {
		hosts  int
		types  []uint16
		others int
	}{{300, both, 20}, {1000, both[:1], 0}, {5000, both, 20}} {
		m, p, crowd := newMeter(t, 65536, Limits{}, 1), newPolled(c.hosts, "own.example", c.types...), newCrowd(c.others, 3000)
		order := inOrder(c.hosts)
		first := p.round(m, order, begin)
		var rest Bits
		for round := 1; round < dayRounds; round++ {
			at := begin.Add(time.Duration(round) * pollEvery)
			crowd.ask(m, 5000, at)
			rest += p.round(m, order, at)
		}
		repeats := Bits((dayRounds - 1) * c.hosts * len(c.types))
		_, down := m.spentHere(p.hosts[0].Pair, begin)
		t.Logf("%d hosts, %d types, %d others: %d bytes for the first round, %d for the others, %.2f bits each; %d bytes came in",
			c.hosts, len(c.types), c.others, first.Bytes(), rest.Bytes(), float64(rest)/float64(bit)/float64(repeats), down.Bytes())
		if down > kib(32) {
			t.Errorf("%d hosts, %d types, %d others: %d bytes came in", c.hosts, len(c.types), c.others, down.Bytes())
		}
		if most := repeats * (priceOnce + priceNext) * 11 / 10; rest > most || first+rest > kib(128) {
			t.Errorf("%d hosts, %d types, %d others: the first round costs %d bytes and the others %d, want %d at most for these, and 128 KiB in all",
				c.hosts, len(c.types), c.others, first.Bytes(), rest.Bytes(), most.Bytes())
		}
	}
}

// crowd is clients who ask for some names of many domains each.
type crowd struct {
	r       *rand.Rand
	queries []*Query
	records []Record
}

func newCrowd(clients, domains int) *crowd {
	c := &crowd{r: rand.New(rand.NewPCG(10, 1)), records: []Record{address(192<<24 | 2<<8 | 1)}}
	for who := range clients {
		for i := range domains {
			for _, name := range []string{"www", ""} {
				c.queries = append(c.queries, query(name, fmt.Sprintf("site%d.example", i), 2+who, dns.TypeA, begin))
			}
		}
	}
	return c
}

// ask asks so many of them, some more often than others.
func (c *crowd) ask(m *Meter, queries int, at time.Time) {
	if len(c.queries) == 0 {
		return
	}
	for range queries {
		q := c.queries[int(c.r.Float64()*c.r.Float64()*float64(len(c.queries)))]
		q.At = at
		m.Query(q)
		m.Reply(&Reply{Pair: q.Pair, Hash: q.Hash, Type: q.Type, Told: TellAll(0, c.records[:1]), Records: c.records[:1], At: at})
	}
}
