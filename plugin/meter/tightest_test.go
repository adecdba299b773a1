package meter

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// recorded is traffic of a few days, to be metered again and again.
type recorded []struct {
	query   *Query
	records []Record
}

func (r *recorded) add(q *Query, records ...Record) {
	*r = append(*r, struct {
		query   *Query
		records []Record
	}{q, records})
}

func factorOf(domain []byte) uint8 {
	switch domain[0] {
	case 'l':
		return 4
	case 'p':
		return SharedFactor
	}
	return 1
}

// traffic is of clients that ask domains of each standing for old and new names, some
// day and night, some for an hour.
func traffic(seed uint64) (all recorded) {
	r := rand.New(rand.NewPCG(seed, 1))
	type habit struct {
		domain           string
		who, names       int
		from, to         int
		shared, replies  bool
		often, size, kin int
	}
	var habits []habit
	for i := range 60 {
		from, names := r.IntN(2*24*60), 1+r.IntN(60)
		if i%10 == 3 {
			names = 20000 // hardly any of which comes again
		}
		habits = append(habits, habit{
			domain: string("ulp"[r.IntN(3)]) + fmt.Sprint(i%25), who: r.IntN(6), names: names,
			from: from, to: from + 60 + r.IntN(40*60), shared: i%9 == 0, replies: i%2 == 0,
			often: 5 + r.IntN(60), size: 4 + r.IntN(200), kin: 1 + r.IntN(50),
		})
	}
	for minute := range 4 * 24 * 60 {
		for _, h := range habits {
			if minute < h.from || minute > h.to || minute%h.often != 0 {
				continue
			}
			q := query(fmt.Sprintf("host%d.%s", r.IntN(h.names), h.domain), h.domain+".example", h.who, dns.TypeA, begin.Add(time.Duration(minute)*time.Minute))
			q.Shared = h.shared
			if h.replies {
				all.add(q, Record{Hash: uint64(r.IntN(h.kin)) << 32, Price: Data(h.size)})
			} else {
				all.add(q)
			}
		}
	}
	return all
}

// pass meters the traffic, and says which accounts were refused something.
func (r recorded) pass(t *testing.T, l Limits, watch func(Passed)) (pairs, clients map[uint64]bool) {
	m := New(Config{Capacity: 4096, Here: 4096, Key: testKey, Code: *testCode(t), Limits: l, Factor: factorOf, Watch: watch})
	pairs, clients = map[uint64]bool{}, map[uint64]bool{}
	for _, e := range r {
		switch m.Query(e.query).Cause {
		case Within:
			if _, cause := m.Reply(replied(e.query, e.query.At, e.records...)); cause != Within {
				pairs[e.query.Pair] = true
			}
		case ClientAll:
			clients[e.query.Client.All(&testKey)] = true
		default:
			pairs[e.query.Pair] = true
		}
	}
	return pairs, clients
}

// scaled are the limits times n/8.
func scaled(l Limits, n Bits) Limits {
	return Limits{Up: l.Up / 8 * n, Down: l.Down / 8 * n, Client: l.Client / 8 * n}
}

// What is told of limits without trying them is what trying them tells, but for those
// within an eighth of a limit.
func TestPeaksTellWhatLimitsDo(t *testing.T) {
	for seed := range uint64(4) {
		all := traffic(seed)
		peaks := NewPeaks()
		all.pass(t, Limits{}, peaks.Watch)
		some := 0
		for _, l := range []Limits{
			{Up: FromBytes(40), Down: FromBytes(101) + 5}, {Up: FromBytes(129), Down: FromBytes(1021) + 3}, {Up: FromBytes(501)}, {Down: FromBytes(3001) + 7},
			{Client: FromBytes(33)}, {Client: FromBytes(257)}, {Client: FromBytes(1 << 20)}, {Up: FromBytes(1 << 20), Down: FromBytes(1 << 20)},
		} {
			pairs, clients := all.pass(t, l, nil)
			for id, peak := range peaks.Pairs {
				if is := pairs[id]; is != peak.Over(l) && peak.Over(scaled(l, 7)) == peak.Over(scaled(l, 9)) {
					t.Errorf("seed %d, %+v: refused: %v, of a pair with %+v", seed, l, is, *peak)
				}
			}
			for id, up := range peaks.Clients {
				over := func(l Limits) bool { return l.Client > 0 && up > l.Client }
				if is := clients[id]; is != over(l) && over(scaled(l, 7)) == over(scaled(l, 9)) {
					t.Errorf("seed %d, %+v: refused: %v, of a client with %d", seed, l, is, up)
				}
			}
			toldPairs, toldClients := peaks.Over(l)
			if told, tried := toldPairs+toldClients, len(pairs)+len(clients); told == 0 != (tried == 0) {
				t.Errorf("seed %d, %+v: %d refused, told: %d", seed, l, tried, told)
			}
			some += len(pairs) + len(clients)
		}
		if some == 0 {
			t.Errorf("seed %d: no limit refused anything", seed)
		}
	}
}

// The tightest limits refuse nobody, and half of any of them refuses somebody.
func TestTightest(t *testing.T) {
	for seed := range uint64(4) {
		all := traffic(seed)
		peaks := NewPeaks()
		all.pass(t, Limits{}, peaks.Watch)
		l := peaks.Tightest()
		if pairs, clients := all.pass(t, l, nil); len(pairs)+len(clients) > 0 || l.Up == 0 || l.Down == 0 || l.Client == 0 {
			t.Errorf("seed %d: %+v refuses %d pairs and %d clients", seed, l, len(pairs), len(clients))
		}
		for _, half := range []Limits{{Up: l.Up / 2}, {Down: l.Down / 2}, {Client: l.Client / 2}} {
			if half.Up+half.Down+half.Client < FromBytes(1<<10) {
				continue // nothing less can be had
			}
			if pairs, clients := all.pass(t, half, nil); len(pairs)+len(clients) == 0 {
				t.Errorf("seed %d: %+v would do", seed, half)
			}
		}
	}
}

// A reply to a pair that had to go meanwhile is not taken for a client's sum.
func TestReplyAfterEviction(t *testing.T) {
	peaks := NewPeaks()
	m := New(Config{Capacity: 1, Here: 1, Key: testKey, Code: *testCode(t), Factor: factorOf, Watch: peaks.Watch})
	q := query("a", "unknown.example", 1, dns.TypeA, begin)
	m.Query(q)
	m.Query(query("b", "other.example", 1, dns.TypeA, begin))
	m.Reply(replied(q, begin, Record{Hash: 1 << 32, Price: Data(100)}))
	if p := peaks.Pairs[q.Pair]; p == nil || p.Down != single+Data(100) || len(peaks.Clients) > 0 {
		t.Errorf("%+v, and the sums of %d clients", p, len(peaks.Clients))
	}
}

func TestTightestOf(t *testing.T) {
	kib := func(n uint64) Bits { return FromBytes(n << 10) }
	for _, c := range []struct {
		name    string
		peak    Peak
		clients []Bits
		want    Limits
	}{
		{"nothing passed", Peak{Factor: 1}, nil, Limits{Up: kib(1), Down: kib(1), Client: kib(1)}},
		{"known names alone", Peak{Factor: 1, Up: kib(4)}, nil, Limits{Up: kib(4), Down: kib(1), Client: kib(1)}},
		{"new names to the last", Peak{Factor: 1, Up: kib(4), New: kib(4)}, nil, Limits{Up: kib(8), Down: kib(1), Client: kib(1)}},
		{"a bit more", Peak{Factor: 1, Up: kib(4), New: kib(4) + 1}, nil, Limits{Up: kib(16), Down: kib(1), Client: kib(1)}},
		{"a listed domain", Peak{Factor: 4, Up: kib(4), New: kib(4)}, nil, Limits{Up: kib(2), Down: kib(1), Client: kib(1)}},
		{"Down to the last bit is too much", Peak{Factor: 1, Down: kib(8)}, nil, Limits{Up: kib(1), Down: kib(16), Client: kib(1)}},
		{"a client's sum to the last bit is not", Peak{Factor: 1}, []Bits{kib(2), 1}, Limits{Up: kib(1), Down: kib(1), Client: kib(2)}},
		{"more than can be said", Peak{Factor: 1, Up: kib(30 << 10)}, []Bits{kib(17 << 10)}, Limits{Up: 0, Down: kib(1), Client: 0}},
	} {
		p := NewPeaks()
		p.Pairs[1] = &c.peak
		for i, up := range c.clients {
			p.Clients[uint64(i)] = up
		}
		if got := p.Tightest(); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}
