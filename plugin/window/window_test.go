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
	"github.com/notunnel/notunnel/plugin/keyhash"
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
	asked             string // the very prefix, where prefix is a tag
	at                Tick
	carrier, answered bool
	changed           int
}

func (n *naive) observe(prefix string, now, span Tick, carrier bool) {
	for len(n.panes) > 0 && now-n.panes[0].opened > span {
		n.panes = n.panes[1:]
	}
	if len(n.panes) == 0 {
		n.last = "" // all is forgotten
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
		store, want := newStore(1), &naive{}
		var q Query
		for step := range 600 {
			prefix := fmt.Sprintf("%x.zone%d.%d", r.IntN(names)*77777, r.IntN(3), seed)
			q.Prefix, q.Hash, q.At, q.Carrier = []byte(prefix), hashed(prefix), now, r.IntN(3) == 0
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

// Hashes of few bits collide all the time: then two prefixes are one, and sums
// are not what they should be, but they count nothing that is not in the window.
func TestCollidingTagsWrapNoSum(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 2))
		tags := 1 + r.IntN(40)
		store := newStore(1)
		panes := &naive{} // of the same events, all prefixes distinct
		now := Tick(r.Uint32())
		for step := range 400 {
			prefix := strings.Repeat(string(rune('a'+r.IntN(26))), r.IntN(60)) + fmt.Sprint(".", r.IntN(1000))
			tag := uint64(r.IntN(tags))
			q, m := Query{Prefix: []byte(prefix), Hash: tag, At: now}, measure(prefix)
			store.Observe(&q, &m, nil)
			panes.observe(fmt.Sprint(tag), now, Ticks(time.Hour), false)
			for i := range panes.panes {
				for j := range panes.panes[i].events {
					if e := &panes.panes[i].events[j]; e.asked == "" {
						e.asked = prefix
					}
				}
			}
			var got feature.Summary
			store.Peek(q.Pair, &got)
			if err := within(got, panes.most()); err != nil {
				t.Fatalf("seed %d, step %d: %v", seed, step, err)
			}
			for i, x := range got.Vector() {
				if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
					t.Fatalf("seed %d, step %d: feature %s is %v", seed, step, feature.Names[i], x)
				}
			}
			now += Tick(r.IntN(3000))
		}
	}
}

// most is the sum over all events, as if each had a prefix of its own.
func (n *naive) most() (s feature.Summary) {
	for _, p := range n.panes {
		for _, e := range p.events {
			m := measure(e.asked)
			s.Events++
			s.Prefixes++
			s.Bytes += m.Len
			s.BytesSq += m.Len * m.Len
			s.Labels += m.Labels
			s.Longest += m.Longest
			s.Segments += m.Segments
			s.Entropy += float64(m.Entropy) + 1./entropyUnit
			s.Loss += float64(m.Loss) + 1./lossUnit
			for i, c := range m.Chars {
				s.Chars[i] += uint32(c)
			}
		}
	}
	return s
}

// within reports what of a is above b.
func within(a, b feature.Summary) error {
	for i, p := range [][2]float64{
		{float64(a.Prefixes), float64(b.Prefixes)}, {float64(a.Bytes), float64(b.Bytes)}, {float64(a.BytesSq), float64(b.BytesSq)},
		{float64(a.Labels), float64(b.Labels)}, {float64(a.Longest), float64(b.Longest)}, {float64(a.Segments), float64(b.Segments)},
		{a.Entropy, b.Entropy}, {a.Loss, b.Loss},
	} {
		if p[0] > p[1] {
			return fmt.Errorf("sum %d is %v, at most %v came in", i, p[0], p[1])
		}
	}
	if a.Events != b.Events {
		return fmt.Errorf("%d events, want %d", a.Events, b.Events)
	}
	for i := range a.Chars {
		if a.Chars[i] > b.Chars[i] {
			return fmt.Errorf("class %d occurs %d times, at most %d came in", i, a.Chars[i], b.Chars[i])
		}
	}
	return nil
}

// What passed is counted from when the window was last empty.
func TestCountersBeginAnewWithTheWindow(t *testing.T) {
	s, now := newStore(1), time.Unix(1e9, 0)
	for i := range 10 {
		observe(s, fmt.Sprint("host", i), now, false)
	}
	if out := observe(s, "again", now.Add(59*time.Minute), false); out.Queries != 11 || out.Bytes != 55 {
		t.Errorf("%d queries and %d bytes, want 11 and 55", out.Queries, out.Bytes)
	}
	if out := observe(s, "month", now.Add(30*24*time.Hour), false); out.Queries != 1 || out.Bytes != 5 {
		t.Errorf("a month later %d queries and %d bytes, want 1 and 5", out.Queries, out.Bytes)
	}
}

func TestCountersStayAtTheirMost(t *testing.T) {
	w := Window{queries: math.MaxUint32, bytes: math.MaxUint32 - 3}
	w.passed([]byte("prefix"))
	if w.queries != math.MaxUint32 || w.bytes != math.MaxUint32 {
		t.Errorf("%d queries, %d bytes", w.queries, w.bytes)
	}
}

// What arrives between a summary and its score is new to the next one.
func TestScoreLeavesWhatCameSince(t *testing.T) {
	long := strings.Repeat("x", 40)
	var sum feature.Summary
	due := func(s *Store, name string, at time.Time) Outcome {
		q, m := query(name, at, false), measure(name)
		return s.Observe(&q, &m, &sum)
	}
	s, now := newStore(1), time.Unix(1e9, 0)
	var first Outcome
	for i := range 4 {
		first = due(s, fmt.Sprint(long, i), now)
	}
	if first.State != Worth {
		t.Fatalf("state %d, want a score to be due", first.State)
	}
	second := due(s, long+"since", now)
	s.Scored(0, first, 0)
	if out := due(s, long+"since", now); out.State != Worth {
		t.Error("what came since the summary is taken for scored")
	}
	s.Scored(0, second, 0)
	s.Scored(0, first, 1) // late: it says nothing new
	if out := due(s, long+"since", now); out.State != Quiet {
		t.Errorf("state %d when all is scored, want Quiet", out.State)
	}

	now = now.Add(2 * time.Hour) // another life of the window
	for i := range 4 {
		first = due(s, fmt.Sprint(long, i), now)
	}
	s.Scored(0, second, 1)
	if out := due(s, long+"0", now); out.State != Worth {
		t.Error("a score of what is forgotten counts for what came later")
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
		if got := w.change([]byte(step.prefix), &testKey); got != step.want {
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
			s, begin := newStore(1), time.Unix(1e9, 0)
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
	s, now := newStore(1), time.Unix(1e9, 0)
	observe(s, "a", now, true)
	hash := hashed("a")
	empty, full := Answer{}, Answer{Records: 2}
	full.Counts[3] = 30
	for range 2 {
		s.Learn(0, hash, &empty) // the AAAA twin, and its retransmission
		s.Learn(0, hash, &full)
	}
	s.Learn(0, hashed("unknown"), &full)
	sum := peek(t, s)
	if sum.Answered != 1 || sum.AnswerCounts[3] != 30 {
		t.Errorf("answered %d, counted %d; want 1, 30", sum.Answered, sum.AnswerCounts[3])
	}
}

// A clock that is set back must not stop a window.
func TestClockSetBack(t *testing.T) {
	for _, back := range []time.Duration{time.Minute, time.Hour, 24 * time.Hour, 4 * 365 * 24 * time.Hour} {
		s, now := newStore(1), time.Unix(2e9, 0)
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
	s, now := newStore(1), time.Unix(2e9, 0)
	for i := range 10 {
		observe(s, fmt.Sprint(i), now.Add(-time.Duration(i%2)*time.Second), false)
	}
	if sum := peek(t, s); sum.Events != 10 {
		t.Errorf("%d events, want 10", sum.Events)
	}
}

func TestCapacity(t *testing.T) {
	const capacity = 64
	s := newStore(capacity)
	var q Query
	for i := range Pair(10_000) {
		q.Pair, q.Prefix = i, []byte{byte(i)}
		m := measure("a")
		s.Observe(&q, &m, nil)
	}
	windows, evicted := s.Count()
	if windows > capacity || evicted < 5_000 {
		t.Errorf("%d windows, %d evicted; want at most %d", windows, evicted, capacity)
	}
}

func TestEstablishedWindowDoesNotAllocate(t *testing.T) {
	s, now := newStore(1), time.Unix(1e9, 0)
	var sum feature.Summary
	q := query("abc", now, false)
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
		prefixes[i] = query(fmt.Sprint("host-", i), time.Unix(1e9, 0), false)
	}
	m := measure("host-1234")
	for pair := range windows {
		for i := range events {
			q := &prefixes[(pair+i)%len(prefixes)]
			q.Pair = Pair(hashed(fmt.Sprint(pair)))
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
	s := newStore(capacity)
	fill(s, capacity+capacity/20, MaxEvents)
	held := live() - before
	windows, _ := s.Count()
	t.Logf("%d windows of %d events take %.1f MiB, %d bytes each", windows, MaxEvents, float64(held)/(1<<20), held/uint64(windows))
	if windows < capacity*99/100 || held > 80<<20 {
		t.Errorf("%d windows take %d bytes; want about %d in at most 80 MiB", windows, held, capacity)
	}
	runtime.KeepAlive(s)
}

// A flood of new pairs takes the panes of those that go: a full store grows by
// nothing, and a new window costs an LRU entry and itself.
func TestEvictionHandsPanesOn(t *testing.T) {
	s := newStore(256)
	fill(s, 4096, 3)
	q, m := query("abc", time.Unix(1e9, 0), false), measure("abc")
	got := testing.AllocsPerRun(10_000, func() {
		q.Pair++
		s.Observe(&q, &m, nil)
	})
	if got > 2 {
		t.Errorf("%v allocations for a new window in a full store, want at most 2", got)
	}
}

var testKey = keyhash.New()

func hashed(text string) uint64 { return testKey.Sum([]byte(text)) }

// newStore makes one whose windows reach back an hour.
func newStore(capacity int) *Store {
	return NewStore(Config{
		Capacity: capacity, Key: testKey, Span: Ticks(time.Hour),
		Due: Due{Events: 3, Bytes: 75, Share: 0.125, Suspicious: 0.45},
	})
}

func query(prefix string, at time.Time, carrier bool) Query {
	return Query{Prefix: []byte(prefix), Hash: hashed(prefix), Carrier: carrier, At: TickOf(at)}
}

func observe(s *Store, prefix string, at time.Time, carrier bool) Outcome {
	q, m := query(prefix, at, carrier), measure(prefix)
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
	s := newStore(65536)
	prefixes := make([]Query, 40)
	for i := range prefixes {
		prefixes[i] = query(fmt.Sprint("host", i), time.Unix(1e9, 0), false)
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
			s := newStore(c.capacity)
			q, m := query("abc", time.Unix(1e9, 0), false), measure("abc")
			b.ReportAllocs()
			for b.Loop() {
				q.Pair += 0x9E3779B97F4A7C15
				s.Observe(&q, &m, nil)
			}
		})
	}
}
