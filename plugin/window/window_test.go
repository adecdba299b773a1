package window

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/notunnel/notunnel/model/feature"
)

// naive is the window as the design words it: a list of events with their
// strings, summed up anew each time.
type naive struct {
	panes []naivePane
	last  string // prefix of the last event
}

type naivePane struct {
	opened Tick
	events []naiveEvent
}

type naiveEvent struct {
	prefix            string
	at                Tick
	carrier, answered bool
	changed           int
}

func (n *naive) observe(prefix string, now, span Tick, carrier bool) {
	for len(n.panes) > 0 && now-n.panes[0].opened > span {
		n.panes = n.panes[1:]
	}
	if k := len(n.panes); k == 0 || len(n.panes[k-1].events) == paneEvents || now-n.panes[k-1].opened > span/maxPanes {
		if k == maxPanes {
			n.panes = n.panes[1:]
		}
		n.panes = append(n.panes, naivePane{opened: now})
	}
	if e := n.newest(prefix); e != nil && now-e.at <= foldTicks {
		e.carrier = e.carrier || carrier
		return
	}
	last := &n.panes[len(n.panes)-1]
	last.events = append(last.events, naiveEvent{prefix: prefix, at: now, carrier: carrier, changed: changed(n.last, prefix)})
	n.last = prefix
}

// changed is how many bytes are in labels that the prefix before did not have.
func changed(before, prefix string) (bytes int) {
	for _, label := range strings.Split(prefix, ".") {
		if !slices.Contains(strings.Split(before, "."), label) {
			bytes += len(label)
		}
	}
	return bytes
}

func (n *naive) newest(prefix string) (found *naiveEvent) {
	for i := range n.panes {
		for j := range n.panes[i].events {
			if e := &n.panes[i].events[j]; e.prefix == prefix {
				found = e
			}
		}
	}
	return found
}

func (n *naive) summary() (s feature.Summary) {
	seen := map[string]bool{}
	for _, p := range n.panes {
		for _, e := range p.events {
			s.Events++
			s.Carrier += count(e.carrier)
			s.Changed += e.changed
			s.Answered += count(e.answered)
			if seen[e.prefix] {
				continue
			}
			seen[e.prefix] = true
			m := measure(e.prefix)
			s.Prefixes++
			s.Bytes += m.Len
			s.BytesSq += m.Len * m.Len
			s.Labels += m.Labels
			s.Longest += m.Longest
			s.Segments += m.Segments
			h, l := math.Floor(float64(m.Entropy)*entropyUnit+.5)/entropyUnit, math.Floor(float64(m.Loss)*lossUnit+.5)/lossUnit
			s.Entropy += h
			s.EntropySq += h * h
			s.Loss += l
			s.LossSq += l * l
			s.LossBytes += l * float64(m.Len)
			for i, c := range m.Chars {
				s.Chars[i] += uint32(c)
			}
		}
	}
	return s
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// measure stands in for the models by something as arbitrary but repeatable.
func measure(prefix string) Measures {
	return Measures{Prefix: feature.Measure([]byte(prefix)), Loss: float32(len(prefix)%7) * 0.13, Segments: len(prefix) / 2}
}

func same(a, b feature.Summary) error {
	ints := [][2]int{
		{a.Events, b.Events}, {a.Answered, b.Answered}, {a.Carrier, b.Carrier}, {a.Changed, b.Changed},
		{a.Prefixes, b.Prefixes}, {a.Bytes, b.Bytes}, {a.BytesSq, b.BytesSq},
		{a.Labels, b.Labels}, {a.Longest, b.Longest}, {a.Segments, b.Segments},
	}
	for i, p := range ints {
		if p[0] != p[1] {
			return fmt.Errorf("count %d: %d, want %d", i, p[0], p[1])
		}
	}
	floats := [][2]float64{{a.Entropy, b.Entropy}, {a.EntropySq, b.EntropySq}, {a.Loss, b.Loss}, {a.LossSq, b.LossSq}, {a.LossBytes, b.LossBytes}}
	for i, p := range floats {
		if math.Abs(p[0]-p[1]) > 1e-6 {
			return fmt.Errorf("sum %d: %v, want %v", i, p[0], p[1])
		}
	}
	if a.Chars != b.Chars {
		return fmt.Errorf("histogram %v, want %v", a.Chars, b.Chars)
	}
	return nil
}

func TestWindowAgreesWithNaiveSums(t *testing.T) {
	span := Ticks(time.Hour)
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 1))
		names := 1 + r.IntN(120)     // few names recur often, many slide out
		pause := 1 + r.IntN(2000)    // ticks: from a burst to two minutes apart
		now := Tick(r.Uint32() | 15) // also across the wrap
		if seed%5 == 0 {
			now = math.MaxUint32 - 500
		}
		store, want := NewStore(1), &naive{}
		q := Query{Span: span, BlockFor: span, Threshold: 0.9}
		for step := range 600 {
			prefix := fmt.Sprintf("%x.zone%d.%d", r.IntN(names)*77777, r.IntN(3), seed)
			q.Prefix, q.Hash, q.At, q.Carrier = []byte(prefix), store.Hash([]byte(prefix)), now, r.IntN(3) == 0
			if out := store.Observe(&q, nil, nil); out.State == Unmeasured {
				m := measure(prefix)
				out = store.Observe(&q, &m, nil)
				if out.State != Quiet {
					t.Fatalf("state %d after measures were given", out.State)
				}
			}
			want.observe(prefix, now, span, q.Carrier)
			if r.IntN(2) == 0 {
				store.Learn(q.Pair, q.Hash, &Answer{})
				want.newest(prefix).answered = true
			}
			var got feature.Summary
			if !store.Peek(q.Pair, &got) {
				t.Fatal("the window is gone")
			}
			if err := same(got, want.summary()); err != nil {
				t.Fatalf("seed %d, step %d: %v", seed, step, err)
			}
			now += Tick(r.IntN(pause))
			if r.IntN(100) == 0 {
				now += span / 2
			}
		}
	}
}

func TestChange(t *testing.T) {
	var w Window
	for _, step := range []struct {
		prefix string
		want   int
	}{
		{"data1.id.t", 5 + 2 + 1},
		{"data22.id.t", 6},
		{"id.data22.t", 0}, // wherever they stand
		{"", 0},
		{"id", 2}, // the event before had no labels
		{"id.id", 0},
		{"far.5.4.3.2", 3 + 4},
		{"far.6.4.3.2", 3 + 1}, // of more labels those nearest to the SLD are remembered
		{"..", 0},
		{"a..a", 2},
	} {
		if got := w.change([]byte(step.prefix)); got != step.want {
			t.Errorf("%q changed %d bytes, want %d", step.prefix, got, step.want)
		}
	}
}

func TestFold(t *testing.T) {
	tests := []struct {
		name   string
		after  time.Duration
		events int
	}{
		{"twin", 0, 1},
		{"retransmission", 5 * time.Second, 1},
		{"again", 11 * time.Second, 2},
		{"clock runs back", -time.Minute, 1},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			s, begin := NewStore(1), time.Unix(1e9, 0)
			observe(s, "abc", begin, false)
			observe(s, "abc", begin.Add(tc.after), true)
			sum := peek(t, s)
			if sum.Events != tc.events || sum.Prefixes != 1 || sum.Carrier != 1 {
				t.Errorf("events %d, prefixes %d, carriers %d; want %d, 1, 1", sum.Events, sum.Prefixes, sum.Carrier, tc.events)
			}
		})
	}
}

func TestAnswersJoin(t *testing.T) {
	s, now := NewStore(1), time.Unix(1e9, 0)
	observe(s, "a", now, true)
	hash := s.Hash([]byte("a"))
	empty, full := Answer{}, Answer{Records: 2}
	full.Counts[3] = 30
	for range 2 {
		s.Learn(0, hash, &empty) // the AAAA twin, and its retransmission
		s.Learn(0, hash, &full)
	}
	s.Learn(0, s.Hash([]byte("unknown")), &full)
	sum := peek(t, s)
	if sum.Answered != 1 || sum.AnswerCounts[3] != 30 {
		t.Errorf("answered %d, counted %d; want 1, 30", sum.Answered, sum.AnswerCounts[3])
	}
}

func TestFlag(t *testing.T) {
	s, now := NewStore(1), time.Unix(1e9, 0)
	observe(s, "a", now, false)
	if !s.Flag(0, TickOf(now)) || s.Flag(0, TickOf(now)) {
		t.Error("the first flag must be told from the second")
	}
	for range 5 { // each blocked query prolongs it
		now = now.Add(50 * time.Minute)
		if got := observe(s, "b", now, false).State; got != Flagged {
			t.Fatalf("state %d, want Flagged", got)
		}
	}
	now = now.Add(61 * time.Minute)
	if got := observe(s, "b", now, false).State; got != Quiet {
		t.Fatalf("state %d after the block ran out, want Quiet", got)
	}
	if sum := peek(t, s); sum.Events != 1 {
		t.Errorf("%d events after release, want a fresh window", sum.Events)
	}
}

// A clock that is set back must not make a block last longer than block_for,
// nor stop a window.
func TestClockSetBack(t *testing.T) {
	for _, back := range []time.Duration{time.Minute, time.Hour, 24 * time.Hour, 4 * 365 * 24 * time.Hour} {
		s, now := NewStore(1), time.Unix(2e9, 0)
		s.Flag(0, TickOf(now))
		now = now.Add(-back)
		if got := observe(s, "a", now, false).State; got != Flagged {
			t.Errorf("%v back: state %d, the flag must stay", back, got)
		}
		now = now.Add(61 * time.Minute)
		if got := observe(s, "a", now, false).State; got != Quiet {
			t.Errorf("%v back: state %d after 61 quiet minutes, want Quiet", back, got)
		}

		for i := range 30 { // two panes
			observe(s, fmt.Sprint("old", i), now.Add(time.Duration(i)*time.Second), false)
		}
		now = now.Add(-back)
		for i := range 10 {
			observe(s, fmt.Sprint("new", i), now.Add(time.Duration(i)*time.Second), false)
		}
		now = now.Add(61 * time.Minute)
		observe(s, "last", now, false)
		if sum := peek(t, s); sum.Events != 1 {
			t.Errorf("%v back: %d events after 61 minutes, want the last one alone", back, sum.Events)
		}
	}
}

// Queries that are judged at the same time come in any order.
func TestOvertakenQueriesStayInTheWindow(t *testing.T) {
	s, now := NewStore(1), time.Unix(2e9, 0)
	for i := range 10 {
		observe(s, fmt.Sprint(i), now.Add(-time.Duration(i%2)*time.Second), false)
	}
	if sum := peek(t, s); sum.Events != 10 {
		t.Errorf("%d events, want 10", sum.Events)
	}
}

func TestCapacity(t *testing.T) {
	const capacity = 64
	s := NewStore(capacity)
	q := Query{Span: Ticks(time.Hour), BlockFor: Ticks(time.Hour)}
	for i := range Pair(10_000) {
		q.Pair, q.Prefix = i, []byte{byte(i)}
		m := measure("a")
		s.Observe(&q, &m, nil)
		s.Flag(i*7919, 0)
	}
	windows, flags, evicted := s.Count()
	if windows > capacity || flags > capacity || evicted < 5_000 {
		t.Errorf("%d windows, %d flags, %d evicted; want at most %d and %d", windows, flags, evicted, capacity, capacity)
	}
}

func TestEstablishedWindowDoesNotAllocate(t *testing.T) {
	s, now := NewStore(1), time.Unix(1e9, 0)
	var sum feature.Summary
	q := query(s, "abc", now, false)
	m := measure("abc")
	s.Observe(&q, &m, &sum)
	if got := testing.AllocsPerRun(1000, func() { s.Observe(&q, nil, &sum) }); got != 0 {
		t.Errorf("%v allocations for a known prefix, want none", got)
	}
}

// fill makes that many windows, each with events new prefixes of which there
// are a few thousand in all.
func fill(s *Store, windows, events int) {
	var prefixes [4096]Query
	for i := range prefixes {
		prefixes[i] = query(s, fmt.Sprint("host-", i), time.Unix(1e9, 0), false)
	}
	m := measure("host-1234")
	for pair := range windows {
		for i := range events {
			q := &prefixes[(pair+i)%len(prefixes)]
			q.Pair = Pair(s.Hash(fmt.Append(nil, pair)))
			s.Observe(q, &m, nil)
		}
	}
}

func live() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// The bar of 80 MiB for 65,536 windows at the very most that they can hold. A
// share of the shards is full before the others, hence fewer are made.
func TestFullWindowsFitTheirMemory(t *testing.T) {
	const capacity = 65536
	before := live()
	s := NewStore(capacity)
	fill(s, capacity+capacity/20, MaxEvents)
	held := live() - before
	windows, _, _ := s.Count()
	t.Logf("%d windows of %d events take %.1f MiB, %d bytes each", windows, MaxEvents, float64(held)/(1<<20), held/uint64(windows))
	if windows < capacity*99/100 || held > 80<<20 {
		t.Errorf("%d windows take %d bytes; want about %d in at most 80 MiB", windows, held, capacity)
	}
	runtime.KeepAlive(s)
}

// A flood of new pairs takes the panes of those that go: a full store grows by
// nothing, and a new window costs an LRU entry and itself.
func TestEvictionHandsPanesOn(t *testing.T) {
	s := NewStore(256)
	fill(s, 4096, 3)
	q, m := query(s, "abc", time.Unix(1e9, 0), false), measure("abc")
	got := testing.AllocsPerRun(10_000, func() {
		q.Pair++
		s.Observe(&q, &m, nil)
	})
	if got > 2 {
		t.Errorf("%v allocations for a new window in a full store, want at most 2", got)
	}
}

func query(s *Store, prefix string, at time.Time, carrier bool) Query {
	return Query{
		Prefix: []byte(prefix), Hash: s.Hash([]byte(prefix)), Carrier: carrier, At: TickOf(at),
		Span: Ticks(time.Hour), BlockFor: Ticks(time.Hour), Threshold: 0.9,
	}
}

func observe(s *Store, prefix string, at time.Time, carrier bool) Outcome {
	q, m := query(s, prefix, at, carrier), measure(prefix)
	return s.Observe(&q, &m, nil)
}

func peek(t *testing.T, s *Store) (sum feature.Summary) {
	t.Helper()
	if !s.Peek(0, &sum) {
		t.Fatal("no window")
	}
	return sum
}

func BenchmarkKnownPrefix(b *testing.B) {
	s := NewStore(65536)
	prefixes := make([]Query, 40)
	for i := range prefixes {
		prefixes[i] = query(s, fmt.Sprint("host", i), time.Unix(1e9, 0), false)
		m := measure("host")
		s.Observe(&prefixes[i], &m, nil)
	}
	var sum feature.Summary
	for i := 0; b.Loop(); i++ {
		s.Observe(&prefixes[i%len(prefixes)], nil, &sum)
	}
}

// A new window each time: while there is room, and when each one evicts
// another.
func BenchmarkNewWindow(b *testing.B) {
	for _, c := range []struct {
		name     string
		capacity int
	}{{"room", 1 << 24}, {"evicting", 1 << 10}, {"evicting of 65536", 1 << 16}} {
		b.Run(c.name, func(b *testing.B) {
			s := NewStore(c.capacity)
			q, m := query(s, "abc", time.Unix(1e9, 0), false), measure("abc")
			b.ReportAllocs()
			for b.Loop() {
				q.Pair += 0x9E3779B97F4A7C15
				s.Observe(&q, &m, nil)
			}
		})
	}
}
