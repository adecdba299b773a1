package meter

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/plugin/subject"
)

var begin = time.Unix(1.7e9, 0)

func newMeter(tb testing.TB, capacity int, limits Limits, factor uint8) *Meter {
	tb.Helper()
	code := testCode(tb)
	return New(Config{Capacity: capacity, Here: capacity, Key: testKey, Code: *code, Limits: limits, Factor: func([]byte) uint8 { return factor }})
}

func client(n int) *subject.Client {
	networks, err := subject.NewNetworks(32, 64)
	if err != nil {
		panic(err)
	}
	c := new(subject.Client)
	networks.Identify(c, netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}), "")
	return c
}

func query(prefix, domain string, who int, qtype uint16, at time.Time) *Query {
	c := client(who)
	return &Query{
		Pair: subject.Pair(testKey.Sum([]byte(domain)), subject.OfSecond, c.Hash(&testKey)), Domain: []byte(domain), Prefix: []byte(prefix),
		Hash: testKey.Sum([]byte(prefix)), Client: c, Type: qtype, At: at,
	}
}

func kib(n uint64) Bits { return FromBytes(n << 10) }

// A tunnel as fast as it likes, for two days: in no 24 hours more than the limit.
func TestNoDayPassesMoreThanUp(t *testing.T) {
	const up = 1 << 10
	m, r := newMeter(t, 1000, Limits{Up: FromBytes(up), Down: kib(8)}, 1), rand.New(rand.NewPCG(1, 1))
	type sent struct {
		at    time.Time
		price Bits
	}
	var passed []sent
	var window Bits
	first := 0
	for at := begin; at.Before(begin.Add(54 * time.Hour)); at = at.Add(7 * time.Second) {
		o := m.Query(query(hex.EncodeToString(random(r, 1+r.IntN(30))), "tunnel.example", 1, dns.TypeTXT, at))
		if o.Cause != Within {
			continue
		}
		passed = append(passed, sent{at, o.Price})
		window += o.Price
		for at.Sub(passed[first].at) >= 24*time.Hour {
			window -= passed[first].price
			first++
		}
		if window > FromBytes(up) {
			t.Fatalf("%d bytes in the 24 hours before %v", window.Bytes(), at.Sub(begin))
		}
	}
	if len(passed) < 20 {
		t.Errorf("only %d queries passed in two days", len(passed))
	}
}

// New names are refused from half of the limit on, known ones go on until it is
// spent, and the last one for ever.
func TestKnownNamesGoOn(t *testing.T) {
	m, r := newMeter(t, 1000, Limits{Up: kib(1)}, 1), rand.New(rand.NewPCG(1, 2))
	ask := func(prefix string) Outcome { return m.Query(query(prefix, "own.example", 1, dns.TypeA, begin)) }
	ask("www")
	ask("mail")
	for range 1000 {
		if o := ask(hex.EncodeToString(random(r, 20))); o.Cause != Within {
			if o.Cause != UpNew || o.Limit != kib(1) || o.Up > kib(1)/2 || o.Up < kib(1)/2-FromBytes(40) {
				t.Errorf("%+v", o)
			}
			break
		}
		ask("www")
		ask("mail")
	}
	known := 0
	for i := 0; ; i++ {
		o := ask([]string{"www", "mail", "www", "www"}[r.IntN(4)])
		if o.Cause == UpAll {
			break
		} else if o.Cause != Within {
			t.Fatalf("a known name: %+v", o)
		}
		if known++; known > 1e6 {
			t.Fatal("known names are never refused")
		}
	}
	if known < 500 {
		t.Errorf("only %d queries for known names passed", known)
	}
	last := ask("www")
	if last.Cause == UpAll {
		last = ask("mail")
	}
	if last.Cause != Within || last.Price != 0 {
		t.Errorf("the last name again: %+v", last)
	}
}

// single is what a reply of one new record costs besides its own price.
const single = priceRecords + bit + priceUnknown

// replied is a reply to the query.
func replied(q *Query, at time.Time, records ...Record) *Reply {
	return &Reply{Pair: q.Pair, Hash: q.Hash, Type: q.Type, Told: TellAll(0, records), Records: records, At: at}
}

func TestRepliesAreCharged(t *testing.T) {
	m := newMeter(t, 1000, Limits{Up: kib(1), Down: FromBytes(105)}, 1)
	q := query("www", "stager.example", 1, dns.TypeTXT, begin)
	m.Query(q)
	record := func(n int) Record { return Record{Hash: testKey.Sum([]byte{byte(n)}), Price: Data(30)} }
	for i := range 10 {
		price, cause := m.Reply(replied(q, begin, record(0)))
		if want := Data(30) + single; cause != Within || i == 0 && price != want || i > 0 && price != 0 {
			t.Fatalf("reply %d: %v, price %d", i, cause, price)
		}
	}
	if price, _ := m.Reply(replied(q, begin, record(1), record(0))); price < Data(30) || price > Data(33) {
		t.Errorf("a new record beside a known one costs %d", price)
	}
	if price, _ := m.Reply(replied(q, begin, record(0), record(1))); price != 0 {
		t.Errorf("the same in another order costs %d", price)
	}
	if price, _ := m.Reply(replied(q, begin, record(0))); price == 0 || price > Data(2) {
		t.Errorf("one of two known records costs %d", price)
	}
	m.Reply(replied(q, begin, record(2)))
	if _, cause := m.Reply(replied(q, begin, record(3))); cause != DownAll {
		t.Error("100 bytes came in of at most 105, and 30 more are let in")
	}
	if o := m.Query(q); o.Cause != DownAll {
		t.Errorf("after a reply was withheld: %+v", o)
	}
	if o := m.Query(query("www", "stager.example", 2, dns.TypeTXT, begin)); o.Cause != Within {
		t.Error("another client is refused for it")
	}
	q.At = begin.Add(29 * time.Hour)
	if o := m.Query(q); o.Cause != Within {
		t.Errorf("a day later: %+v", o)
	}
}

// Who watches is told of a client's sum also where nothing limits it: what it would take is
// what a forecast is made of.
func TestSumOfAClientIsToldWithoutALimit(t *testing.T) {
	r, told := rand.New(rand.NewPCG(31, 1)), Bits(0)
	m := New(Config{Capacity: 1000, Here: 1000, Key: testKey, Code: *testCode(t), Factor: func([]byte) uint8 { return 1 }, Watch: func(p Passed) {
		if p.Factor == 0 {
			told = p.Up
		}
	}})
	sum := Bits(0)
	for i := range 20 {
		q := query(hex.EncodeToString(random(r, 30)), fmt.Sprintf("site%d.example", i), 1, dns.TypeA, begin)
		var o Outcome
		m.Charge(new(Account), new(Rests), q, &o)
		sum += o.Price - Free
	}
	if told != sum {
		t.Errorf("%d is told of the client, want %d", told, sum)
	}
}

func TestFactor(t *testing.T) {
	for _, factor := range []uint8{1, 4, 16} {
		m, r := newMeter(t, 1000, Limits{Up: kib(1)}, factor), rand.New(rand.NewPCG(1, 3))
		var passed Bits
		for range 2000 {
			if o := m.Query(query(hex.EncodeToString(random(r, 16)), "some.example", 1, dns.TypeA, begin)); o.Cause == Within {
				passed += o.Price
			}
		}
		// One name in 4,096 passes for a known one.
		if want := kib(1) * Bits(factor) / 2; passed > want+FromBytes(8) || passed < want-FromBytes(30) {
			t.Errorf("factor %d: %d bytes passed, want %d", factor, passed.Bytes(), want.Bytes())
		}
	}
}

// However many domains a client spreads data over, what exceeds the free part of each
// counts together.
func TestClientSum(t *testing.T) {
	const slds = 200
	m, r := newMeter(t, 10_000, Limits{Up: kib(1), Down: kib(8), Client: kib(1)}, 1), rand.New(rand.NewPCG(1, 4))
	var passed Bits
	refused := 0
	for i := range 40_000 {
		o := m.Query(query(hex.EncodeToString(random(r, 1+r.IntN(20))), fmt.Sprintf("sld%d.example", i%slds), 1, dns.TypeA, begin))
		if o.Cause == Within {
			passed += o.Price
		} else if o.Cause == ClientAll {
			refused++
		}
	}
	if most := kib(1) + slds*Free; passed > most || refused == 0 {
		t.Errorf("%d bytes passed of at most %d, %d refused by the sum", passed.Bytes(), most.Bytes(), refused)
	}
	if o := m.Query(query("www.and.some.more", "sld0.example", 2, dns.TypeA, begin)); o.Cause != Within {
		t.Errorf("another client: %+v", o)
	}
}

// A flood of a million domains needs the room of all that is held. What was spent is
// not forgotten by it, and next to nobody is charged with what others spent.
func TestFloodWashesNothingOut(t *testing.T) {
	const capacity, flood, innocent = 65536, 1_000_000, 20_000
	m, r := newMeter(t, capacity, Limits{Up: kib(4)}, 1), rand.New(rand.NewPCG(1, 5))
	spender := func() *Query {
		return query(hex.EncodeToString(random(r, 30)), "tunnel.example", 1, dns.TypeA, begin)
	}
	var passed Bits
	for m.Query(spender()).Cause == Within {
	}
	passed, _ = m.spentHere(spender().Pair, begin)
	q := query("", "", 2, dns.TypeA, begin.Add(time.Hour))
	for i := range flood {
		name := fmt.Appendf(nil, "%x", i*7919)
		q.Pair = testKey.Sum(append(name, "flood"...))
		q.Prefix, q.Hash = fmt.Appendf(nil, "%016x%x", r.Uint64(), i), r.Uint64()
		m.Query(q) // 20 bytes and more: that it remembers
	}
	if evicted := evicted(m); evicted < flood/2 {
		t.Fatalf("%d evicted: that was no flood", evicted)
	}
	if o := m.Query(spender()); o.Cause == Within || o.Up < passed {
		t.Errorf("after the flood: %+v, %d bytes had passed before", o, passed.Bytes())
	}
	over := 0
	for i := range innocent {
		if up, _ := m.spentHere(testKey.Sum(fmt.Appendf(nil, "innocent %d", i)), begin.Add(time.Hour)); up > FromBytes(64) {
			over++
		}
	}
	t.Logf("%d of %d pairs are charged with more than 64 bytes of others", over, innocent)
	if over > innocent/100 {
		t.Errorf("%d of %d pairs are charged with more than 64 bytes of others, want 1 %% at most", over, innocent)
	}
}

func TestMemory(t *testing.T) {
	const capacity = 65536
	live := func() int64 {
		var stats runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return int64(stats.HeapAlloc)
	}
	code := testCode(t)
	before := live()
	m := New(Config{Capacity: capacity, Here: capacity, Key: testKey, Code: *code, Factor: func([]byte) uint8 { return 1 }})
	q := query("some-long-prefix-0123456789", "", 1, dns.TypeA, begin)
	for i := range 3 * capacity {
		q.Pair = testKey.Sum(fmt.Append(nil, i))
		m.Query(q)
	}
	held := live() - before
	t.Logf("%.1f MiB for %d accounts, %d bytes each, and what was evicted", float64(held)/(1<<20), capacity, held/capacity)
	if held > 40<<20 {
		t.Errorf("%d bytes are held", held)
	}
	runtime.KeepAlive(m)
}

func TestChargingDoesNotAllocate(t *testing.T) {
	m := newMeter(t, 1000, Limits{Up: kib(256), Down: kib(64)}, 1)
	m.config.Code.Domains = nil // that of the tests does
	queries := []*Query{query("www", "own.example", 1, dns.TypeA, begin), query("a.b.cdn-17", "own.example", 1, dns.TypeTXT, begin)}
	reply := replied(queries[0], begin, Record{Hash: 1, Price: Data(4)})
	i := 0
	if n := testing.AllocsPerRun(1000, func() {
		q := queries[i%2]
		i++
		q.Hash += uint64(i%7) << 40
		m.Query(q)
		reply.Pair, reply.Hash, reply.Type = q.Pair, q.Hash, q.Type
		m.Reply(reply)
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

func BenchmarkQuery(b *testing.B) {
	m := newMeter(b, 65536, Limits{Up: kib(256), Down: kib(64)}, 1)
	for _, c := range []struct {
		name  string
		pairs int
		names int
	}{{"same", 1, 1}, {"known of one pair", 1, 4}, {"known of 10000 pairs", 10_000, 2}, {"new names", 1, 1 << 20}, {"new pairs", 1 << 30, 1}} {
		b.Run(c.name, func(b *testing.B) {
			q := query("cdn-17.static", "own.example", 1, dns.TypeA, begin)
			pair, hash := q.Pair, q.Hash
			i := uint64(0)
			b.ReportAllocs()
			for b.Loop() {
				q.Pair = pair + i%uint64(c.pairs)*0x9E3779B97F4A7C15
				q.Hash = hash + i%uint64(c.names)*0x9E3779B97F4A7C15
				i++
				m.Query(q)
			}
		})
	}
}

// What passed in four hours is told when they are over, once.
func TestEnded(t *testing.T) {
	var up, down []Bits
	m := New(Config{Capacity: 1000, Here: 1000, Key: testKey, Code: *testCode(t), Factor: func([]byte) uint8 { return 1 }, Ended: func(u, d Bits) {
		up, down = append(up, u), append(down, d)
	}})
	q := query("some.new.name", "own.example", 1, dns.TypeA, begin)
	first := m.Query(q)
	price, _ := m.Reply(replied(q, begin, Record{Hash: 7, Price: Data(4)}))
	for range 3 {
		q.At = q.At.Add(partTime)
		m.Query(q) // the last name again: nothing passes
	}
	if len(up) != 1 || up[0] != first.Price || down[0] != price {
		t.Errorf("%d and %d are told, %d went up and %d came down", up, down, first.Price, price)
	}
}

// spentHere is Spent for an account that the meter holds, if it does.
func (m *Meter) spentHere(pair uint64, at time.Time) (up, down Bits) {
	s, rests := m.of(pair)
	s.Lock()
	defer s.Unlock()
	return m.Spent(pair, s.Peek(pair), rests, at)
}

// evicted is how many accounts had to go.
func evicted(m *Meter) (n int) {
	for i := range m.before {
		n += int(m.before[i].made)
	}
	for i := range m.here.Len() {
		n -= m.here.Shard(i).Len()
	}
	return n
}
