package window

import (
	"fmt"
	"math"
	"math/rand/v2"
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
	last  string // the last fresh prefix
}

type naivePane struct {
	opened Tick
	events []naiveEvent
}

type naiveEvent struct {
	prefix       string
	at           Tick
	answered     bool
	told, retold int
	fresh        *naiveFresh
}

type naiveFresh struct {
	prefix, novel string
	bits          int
}

func (n *naive) observe(prefix string, q *Query, span Tick) {
	now := q.At
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
		return
	}
	e := naiveEvent{prefix: prefix, at: now}
	if q.Fresh {
		text := naiveNovel(string(q.Prefix), n.last, &q.Known)
		if text != "" {
			e.fresh = &naiveFresh{string(q.Prefix), text, min(q.Bits, measure([]byte(text)).Bits)}
		}
		n.last = string(q.Prefix[max(len(q.Prefix)-lastBytes, 0):])
	}
	last := &n.panes[len(n.panes)-1]
	last.events = append(last.events, e)
}

// naiveNovel is novel in other words.
func naiveNovel(prefix, last string, known *Labels) string {
	labels, before := strings.Split(prefix, "."), strings.Split(last, ".")
	var left []string
	for i := range labels {
		label, other := labels[len(labels)-1-i], ""
		if i < len(before) {
			other = before[len(before)-1-i]
		}
		if known.Has(i) {
			continue
		}
		for label != "" && other != "" && label[0] == other[0] {
			label, other = label[1:], other[1:]
		}
		for label != "" && other != "" && label[len(label)-1] == other[len(other)-1] {
			label, other = label[:len(label)-1], other[:len(other)-1]
		}
		if label != "" {
			left = append([]string{label}, left...)
		}
	}
	return strings.Join(left, ".")
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

func (n *naive) learn(prefix string, news int) {
	e := n.newest(prefix)
	if e == nil {
		return
	}
	e.answered = true
	if news > 0 && e.told > 0 {
		e.retold++
	}
	e.told += news
}

func (n *naive) summary() (s feature.Summary) {
	for _, p := range n.panes {
		retold := 0
		for _, e := range p.events {
			s.Events++
			s.Answered += count(e.answered)
			s.Told += count(e.told > 0)
			s.Down += e.told
			retold += e.retold
			if e.fresh == nil {
				continue
			}
			m, whole := measure([]byte(e.fresh.novel)), feature.ShapeOf([]byte(e.fresh.prefix))
			s.Fresh++
			s.Bytes += whole.Len
			s.BytesSq += whole.Len * whole.Len
			s.Longest += whole.Longest
			s.New += m.Len
			s.Bits += e.fresh.bits
			s.BitsSq += e.fresh.bits * e.fresh.bits
			s.Segments += m.Segments
			h, l := math.Floor(float64(m.Entropy)*entropyUnit+.5)/entropyUnit, math.Floor(float64(m.Loss)*lossUnit+.5)/lossUnit
			s.Entropy += h
			s.EntropySq += h * h
			s.LossBytes += l * float64(m.Len)
			for i, c := range m.Chars {
				s.Chars[i] += uint32(c)
			}
		}
		s.Retold += min(retold, math.MaxUint8)
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
func measure(text []byte) Measures {
	return Measures{Text: feature.Measure(text), Loss: float32(len(text)%7) * 0.13, Segments: len(text) / 2, Bits: 5 * len(text)}
}

// same compares all sums but those of rdata.
func same(got, want feature.Summary) error {
	got.AnswerCounts = [feature.AnswerClasses]uint32{}
	for _, p := range []struct{ got, want *float64 }{
		{&got.Entropy, &want.Entropy}, {&got.EntropySq, &want.EntropySq}, {&got.LossBytes, &want.LossBytes},
	} {
		if math.Abs(*p.got-*p.want) < 1e-6 {
			*p.got = *p.want
		}
	}
	if got != want {
		return fmt.Errorf("%+v\nwant %+v", got, want)
	}
	return nil
}

func TestWindowAgreesWithNaiveSums(t *testing.T) {
	span := Ticks(time.Hour)
	for seed := range uint64(120) {
		r := rand.New(rand.NewPCG(seed, 1))
		names := 1 + r.IntN(120)     // few names recur often, many slide out
		pause := 1 + r.IntN(2000)    // ticks: from a burst to two minutes apart
		looks := 1 + r.IntN(10)      // steps between two sums
		now := Tick(r.Uint32() | 15) // also across the wrap
		if seed%5 == 0 {
			now = math.MaxUint32 - 500
		}
		store, want := newStore(), &naive{}
		var q asked
		for step := range 600 {
			prefix := fmt.Sprintf("%x.zone%d.%d", r.IntN(names)*77777, r.IntN(3), seed)
			switch r.IntN(40) {
			case 0, 1:
				prefix = strings.Repeat(prefix+".", 1+r.IntN(8)) + "long"
			case 2:
				prefix = []string{"", ".", "a..b", "a.", ".a"}[r.IntN(5)]
			}
			q.Prefix, q.Hash, q.At = []byte(prefix), hashed(prefix), now
			q.Fresh, q.Bits, q.Known = r.IntN(4) > 0, r.IntN(900), Labels{}
			if r.IntN(4) == 0 {
				q.Bits = 1 << 16
			}
			if r.IntN(2) == 0 {
				q.Known[0] = r.Uint64() & r.Uint64()
			}
			if out := store.Observe(&q, nil); out.Worth {
				t.Fatal("a score is due that nobody wants")
			}
			want.observe(prefix, &q.Query, span)
			if r.IntN(2) == 0 {
				news := r.IntN(3) * r.IntN(300)
				store.Learn(q.Pair, q.Hash, &Answer{News: news})
				want.learn(prefix, news)
			}
			if now += Tick(r.IntN(pause)); r.IntN(100) == 0 {
				now += span / 2
			}
			if r.IntN(looks) > 0 { // else the first prefix never waits for long
				continue
			}
			var got feature.Summary
			if !store.Peek(q.Pair, &got) {
				t.Fatal("the window is gone")
			}
			if err := same(got, want.summary()); err != nil {
				t.Fatalf("seed %d, step %d: %v", seed, step, err)
			}
		}
	}
}

// The largest that can come in wraps no sum, and every feature stays finite.
func TestNoSumWraps(t *testing.T) {
	s, now := newStore(), time.Unix(1e9, 0)
	s.Measure = func(text []byte) Measures {
		m := measure(text)
		m.Loss, m.Segments, m.Chars[0], m.Bits = 1e9, MaxPrefix, MaxPrefix, math.MaxInt32
		return m
	}
	var sum feature.Summary
	for i := range 3 * MaxEvents {
		q := query(strings.Repeat(string(rune('a'+i%26)), MaxPrefix-8)+fmt.Sprintf(".%07d", i), now)
		q.Bits = math.MaxInt32
		s.Observe(&q, nil)
		a := Answer{News: math.MaxUint32}
		for j := range a.Counts {
			a.Counts[j] = math.MaxUint16
		}
		for range 300 {
			s.Learn(0, q.Hash, &a)
		}
		before := sum
		sum = peek(t, s)
		if i < MaxEvents && (sum.Bytes < before.Bytes || sum.BytesSq < before.BytesSq || sum.Bits < before.Bits || sum.BitsSq < before.BitsSq || sum.New < before.New ||
			sum.Down < before.Down || sum.Retold < before.Retold || sum.Segments < before.Segments || sum.LossBytes < before.LossBytes ||
			sum.Chars[0] < before.Chars[0]) {
			t.Fatalf("event %d: a sum went down\n%+v\n%+v", i, before, sum)
		}
		for i, x := range sum.Vector() {
			if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
				t.Fatalf("feature %s is %v", feature.Names[i], x)
			}
		}
	}
}

func TestNovel(t *testing.T) {
	for _, c := range []struct {
		prefix, last string
		known        uint64
		want         string
	}{
		{"data22.id.t", "data1.id.t", 0, "22"},
		{"data22.id.t", "", 0b011, "data22"},
		{"data22.id.t", "", 0b111, ""},
		{"id-4f2a-7.zone", "id-9c01-7.zone", 0, "4f2a"},
		{"4f2a.guid.zone", "9c01.guid.zone", 0, "4f2a"},
		{"guid.4f2a.zone", "guid.9c01.zone", 0, "4f2a"},
		{"guid.4f2a.zone", "other.zone", 0b1, "guid.4f2a"},
		{"same", "same", 0, ""},
		{"", "x", 0, ""},
		{"a..a", "", 0, "a.a"},
		{"..", "", 0, ""},
		{"aaa", "aa", 0, "a"},
		{"aa", "aaa", 0, ""},
	} {
		var room [MaxPrefix]byte
		if got := Novel(room[:0], []byte(c.prefix), []byte(c.last), &Labels{c.known}); string(got) != c.want {
			t.Errorf("%q after %q, known %b: %q is new, want %q", c.prefix, c.last, c.known, got, c.want)
		}
	}
}

// What passed is counted from when the window was last empty.
func TestCountersBeginAnewWithTheWindow(t *testing.T) {
	s, now := newStore(), time.Unix(1e9, 0)
	for i := range 10 {
		observe(s, fmt.Sprint("host", i), now)
	}
	if out := observe(s, "again", now.Add(59*time.Minute)); out.Queries != 11 || out.Bytes != 55 {
		t.Errorf("%d queries and %d bytes, want 11 and 55", out.Queries, out.Bytes)
	}
	if out := observe(s, "month", now.Add(30*24*time.Hour)); out.Queries != 1 || out.Bytes != 5 {
		t.Errorf("a month later %d queries and %d bytes, want 1 and 5", out.Queries, out.Bytes)
	}
}

func TestCountersStayAtTheirMost(t *testing.T) {
	w := Window{queries: math.MaxUint32, bytes: math.MaxUint32 - 3}
	w.passed(len("prefix"))
	if w.queries != math.MaxUint32 || w.bytes != math.MaxUint32 {
		t.Errorf("%d queries, %d bytes", w.queries, w.bytes)
	}
}

// What arrives between a summary and its score is new to the next one.
func TestScoreLeavesWhatCameSince(t *testing.T) {
	long := func(i int) string { return strings.Repeat(string(rune('a'+i)), 40) }
	var sum feature.Summary
	due := func(s *Store, name string, at time.Time) Outcome {
		q := query(name, at)
		return s.Observe(&q, &sum)
	}
	s, now := newStore(), time.Unix(1e9, 0)
	var first Outcome
	for i := range 4 {
		first = due(s, long(i), now)
	}
	if !first.Worth {
		t.Fatal("no score is due")
	}
	second := due(s, long(20), now)
	s.Scored(0, first, 0)
	if out := due(s, long(20), now); !out.Worth {
		t.Error("what came since the summary is taken for scored")
	}
	s.Scored(0, second, 0)
	s.Scored(0, first, 1) // late: it says nothing new
	if out := due(s, long(20), now); out.Worth {
		t.Error("a score is due when all is scored")
	}

	now = now.Add(2 * time.Hour) // another life of the window
	for i := range 4 {
		first = due(s, long(i), now)
	}
	s.Scored(0, second, 1)
	if out := due(s, long(0), now); !out.Worth {
		t.Error("a score of what is forgotten counts for what came later")
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
			s, begin := newStore(), time.Unix(1e9, 0)
			observe(s, "abc", begin)
			observe(s, "abc", begin.Add(tc.after))
			sum := peek(t, s)
			if sum.Events != tc.events {
				t.Errorf("%d events, want %d", sum.Events, tc.events)
			}
		})
	}
}

// Sums of bytes are those of plain addition, or left as they are.
func TestAddBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 1))
	for range 20_000 {
		var sums, more, want [feature.Classes]uint8
		most, fits := 1+r.IntN(128), true
		for i := range sums {
			sums[i], more[i] = uint8(r.IntN(most)), uint8(r.IntN(most))
			if r.IntN(500) == 0 {
				sums[i] = uint8(r.IntN(256))
			}
			want[i] = sums[i] + more[i]
			fits = fits && want[i] >= sums[i]
		}
		if !fits {
			want = sums
		}
		if got := addBytes(&sums, &more); got != fits || sums != want {
			t.Fatalf("%v, want %v: %v, want %v", got, fits, sums, want)
		}
	}
}

func TestAnswersJoin(t *testing.T) {
	s, now := newStore(), time.Unix(1e9, 0)
	observe(s, "a", now)
	hash := hashed("a")
	empty, full := Answer{}, Answer{News: 40}
	full.Counts[3] = 30
	for range 2 {
		s.Learn(0, hash, &empty) // the AAAA twin, and its retransmission
		s.Learn(0, hash, &full)
	}
	s.Learn(0, hashed("unknown"), &full)
	sum := peek(t, s)
	if sum.Answered != 1 || sum.Told != 1 || sum.Retold != 1 || sum.Down != 80 || sum.AnswerCounts[3] != 60 {
		t.Errorf("%+v", sum)
	}
}

// A clock that is set back must not stop a window.
func TestClockSetBack(t *testing.T) {
	for _, back := range []time.Duration{time.Minute, time.Hour, 24 * time.Hour, 4 * 365 * 24 * time.Hour} {
		s, now := newStore(), time.Unix(2e9, 0)
		for i := range 30 { // two panes
			observe(s, fmt.Sprint("old", i), now.Add(time.Duration(i)*time.Second))
		}
		now = now.Add(-back)
		for i := range 10 {
			observe(s, fmt.Sprint("new", i), now.Add(time.Duration(i)*time.Second))
		}
		now = now.Add(61 * time.Minute)
		observe(s, "last", now)
		if sum := peek(t, s); sum.Events != 1 {
			t.Errorf("%v back: %d events after 61 minutes, want the last one alone", back, sum.Events)
		}
	}
}

// Queries that are judged at the same time come in any order.
func TestOvertakenQueriesStayInTheWindow(t *testing.T) {
	s, now := newStore(), time.Unix(2e9, 0)
	for i := range 10 {
		observe(s, fmt.Sprint(i), now.Add(-time.Duration(i%2)*time.Second))
	}
	if sum := peek(t, s); sum.Events != 10 {
		t.Errorf("%d events, want 10", sum.Events)
	}
}

func TestEstablishedWindowDoesNotAllocate(t *testing.T) {
	s, now := newStore(), time.Unix(1e9, 0)
	var sum feature.Summary
	q := query("abc", now)
	s.Observe(&q, &sum)
	q.Fresh = false
	if got := testing.AllocsPerRun(1000, func() { s.Observe(&q, &sum) }); got != 0 {
		t.Errorf("%v allocations for a known prefix, want none", got)
	}
}

var testKey = keyhash.New()

func hashed(text string) uint64 { return testKey.Sum([]byte(text)) }

// newStore makes one whose windows reach back an hour.
func newStore() *Store {
	rules := NewRules(Config{
		Key: testKey, Span: Ticks(time.Hour),
		Due: Due{Events: 3, Information: 75, Share: 0.125, Suspicious: 0.45}, Measure: measure,
	})
	return &Store{Rules: rules, windows: map[Pair]*Window{}}
}

func query(prefix string, at time.Time) asked {
	return asked{Query: Query{Prefix: []byte(prefix), Hash: hashed(prefix), Fresh: true, Bits: 1000, At: TickOf(at)}}
}

func observe(s *Store, prefix string, at time.Time) Outcome {
	q := query(prefix, at)
	return s.Observe(&q, nil)
}

func peek(t *testing.T, s *Store) (sum feature.Summary) {
	t.Helper()
	if !s.Peek(0, &sum) {
		t.Fatal("no window")
	}
	return sum
}

func BenchmarkKnownPrefix(b *testing.B) {
	s := newStore()
	prefixes := make([]asked, 40)
	for i := range prefixes {
		prefixes[i] = query(fmt.Sprint("host", i), time.Unix(1e9, 0))
		s.Observe(&prefixes[i], nil)
	}
	var sum feature.Summary
	for i := 0; b.Loop(); i++ {
		s.Observe(&prefixes[i%len(prefixes)], &sum)
	}
}

// A first prefix that waits to be measured is seen by nobody: what is found of each query is
// as where it is measured at once.
func TestNothingIsFoundLaterForWaiting(t *testing.T) {
	waited, worth := 0, 0
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 2))
		lazy, eager, now := newStore(), newStore(), Tick(r.Uint32())
		names, pause, most, seldom := 1+r.IntN(3), 1+r.IntN(9000), 1+r.IntN(1000), 1+r.IntN(60)
		for step := range 100 {
			prefix := fmt.Sprintf("%0*x", 1+r.IntN(lastBytes), r.IntN(names))
			q := asked{Query: Query{Prefix: []byte(prefix), Hash: hashed(prefix), Fresh: step == 0 || r.IntN(seldom) == 0, Bits: r.IntN(most), At: now}}
			var got, want feature.Summary
			a, b := lazy.Observe(&q, &got), eager.Observe(&q, &want)
			if lazy.window(0).waiting(&lazy.panes) {
				waited++
			}
			settled := eager.Peek(0, new(feature.Summary)) && !eager.window(0).waiting(&eager.panes)
			if a.Worth != b.Worth || a.Passed != b.Passed || !settled || got != want {
				t.Fatalf("seed %d, step %d: %+v\n%+v, want %+v\n%+v", seed, step, a, got, b, want)
			}
			if a.Worth {
				worth++
				if r.IntN(2) == 0 {
					score := r.Float32()
					lazy.Scored(0, a, score)
					eager.Scored(0, b, score)
				}
			}
			answer := Answer{News: r.IntN(10) / 9 * r.IntN(60)}
			lazy.Learn(0, q.Hash, &answer)
			eager.Learn(0, q.Hash, &answer)
			now += Tick(r.IntN(pause))
		}
	}
	if waited < 1000 || worth < 1000 {
		t.Errorf("%d queries with a prefix that waits, %d scores due: too few to show anything", waited, worth)
	}
}

func (w *Window) waiting(s *Panes) bool {
	for _, number := range w.panes[:w.open] {
		if s.at(number).waits {
			return true
		}
	}
	return false
}
