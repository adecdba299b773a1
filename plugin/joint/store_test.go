package joint

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/plugin/keyhash"
	"github.com/notunnel/notunnel/plugin/window"
)

var key = keyhash.New()

// store makes one in which a byte that is new is worth five bits.
func store(clients int) *Store {
	return NewStore(Config{Capacity: clients, Key: key, Span: window.Ticks(time.Hour), Bits: func(text []byte) int { return 5 * len(text) }, Least: 12})
}

var begin = time.Unix(1e9, 0)

func query(client uint64, prefix, sld string, at time.Time) *Query {
	return &Query{
		Client: client, Pair: key.Sum(fmt.Append(nil, sld, client)), SLD: []byte(sld),
		Prefix: []byte(prefix), Hash: key.Sum([]byte(prefix)), At: window.TickOf(at),
	}
}

// observe takes names in and returns the window then.
func observe(s *Store, client uint64, names ...[2]string) (sum Summary) {
	for _, n := range names {
		s.Observe(query(client, n[0], n[1], begin), &sum.Joint)
	}
	s.Summarize(client, &sum)
	return sum
}

func TestWhatIsNewToTheClientCounts(t *testing.T) {
	var sum feature.Joint
	s := store(1)
	for _, c := range []struct {
		prefix, sld string
		enters      bool
		bits        int // in all
	}{
		{"abcdefgh.id7", "one.example", true, 5 * 12},
		{"abcdefgh.id7", "two.example", false, 0}, // below whatever SLD
		{"www", "two.example", true, 5 * 15},
		{"www", "three.example", false, 0},
		{"uvwxyz.id7", "three.example", true, 5 * 21},
		{"uvwxya.id7", "four.example", false, 0}, // one character
	} {
		if entered := s.Observe(query(1, c.prefix, c.sld, begin), &sum); entered != c.enters || entered && sum.Bits != c.bits {
			t.Errorf("%s below %s: %v, %d bits", c.prefix, c.sld, entered, sum.Bits)
		}
	}
	if sum.Shared != 1 || sum.Labels != 5 {
		t.Errorf("%d of %d labels are shared, want that id7 came under another SLD", sum.Shared, sum.Labels)
	}
	s.Observe(query(2, "abcdefgh.id7", "one.example", begin), &sum)
	if sum.Events != 1 || sum.Shared != 0 {
		t.Errorf("another client has %d events and %d shared labels", sum.Events, sum.Shared)
	}
}

func TestLikeness(t *testing.T) {
	sum := observe(store(1), 1,
		[2]string{"aaaa1bbbb.x", "one.example"}, [2]string{"cccc2dddd.x", "two.example"},
		[2]string{"eeee3ffff.x", "one.example"}, [2]string{"host.long-town-name.region", "three.example"})
	// Of five pairs of events below different SLDs, the two of two.example are alike.
	if sum.Apart != 5 || sum.Alike != 2 || sum.SLDs != 3 || sum.Events != 4 {
		t.Errorf("%+v", sum.Joint)
	}
	for i, want := range []int{2, 2, 0} {
		if got := sum.Parts[i].Alike; got != want {
			t.Errorf("%s: %d alike, want %d", sum.Parts[i].SLD(), got, want)
		}
	}
}

func TestRepliesJoin(t *testing.T) {
	s := store(1)
	one, two := query(1, "abcdef", "one.example", begin), query(1, "ghijkl", "two.example", begin)
	var sum feature.Joint
	s.Observe(one, &sum)
	s.Learn(1, one.Pair, one.Hash, 40_000)
	s.Learn(1, one.Pair, one.Hash, 40_000)
	s.Learn(1, two.Pair, one.Hash, 7) // below another SLD
	s.Learn(2, one.Pair, one.Hash, 7)
	s.Observe(two, &sum)
	if sum.Answered != 1 || sum.Down != 1<<16-1 {
		t.Errorf("%d answered, %d bytes down", sum.Answered, sum.Down)
	}
}

func TestWindowSlides(t *testing.T) {
	s := store(1)
	var sum feature.Joint
	for i, at := range []time.Duration{0, 30 * time.Minute, 61 * time.Minute, 3 * time.Hour} {
		s.Observe(query(1, strings.Repeat(string(rune('a'+i)), 8), "one.example", begin.Add(at)), &sum)
		if want := []int{1, 2, 2, 1}[i]; sum.Events != want {
			t.Errorf("after %v %d events, want %d", at, sum.Events, want)
		}
	}
	for i := range 3 * MaxEvents {
		s.Observe(query(1, fmt.Sprintf("%08x", uint32(i)*0x9e3779b9), "one.example", begin.Add(3*time.Hour)), &sum)
	}
	if sum.Events != MaxEvents {
		t.Errorf("%d events, want the last %d", sum.Events, MaxEvents)
	}
	s.Observe(query(1, "zyxwvuts", "one.example", begin), &sum)
	if sum.Events != 1 {
		t.Errorf("%d events after the clock was set back", sum.Events)
	}
}

// Of more SLDs than there is room for, those asked for last are held.
func TestSLDsAreBounded(t *testing.T) {
	s := store(1)
	var sum Summary
	for i := range 3 * MaxSLDs {
		s.Observe(query(1, fmt.Sprintf("%08x", uint32(i)*0x9e3779b9), fmt.Sprintf("d%d.example", i), begin), &sum.Joint)
	}
	s.Summarize(1, &sum)
	if sum.SLDs != MaxSLDs || sum.Events != MaxSLDs {
		t.Fatalf("%d SLDs with %d events", sum.SLDs, sum.Events)
	}
	for i := range sum.Parts {
		if got, want := string(sum.Parts[i].SLD()), fmt.Sprintf("d%d.example", 2*MaxSLDs+i); got != want {
			t.Errorf("part %d is %s, want %s", i, got, want)
		}
	}
	sum = observe(s, 2, [2]string{"abcdefgh", strings.Repeat("x", 60) + ".example"})
	if sum.SLDs != 1 || sum.Parts[0].SLD() != nil {
		t.Errorf("a long SLD is held as %q", sum.Parts[0].SLD())
	}
}

// A block ends in a fresh window.
func TestCut(t *testing.T) {
	s := store(1)
	sum := observe(s, 1, [2]string{"abcdefgh", "one.example"}, [2]string{"ijklmnop", "two.example"})
	s.Cut(1, sum.Parts[0].Pair)
	sum = observe(s, 1, [2]string{"qrstuvwx", "two.example"})
	if sum.Events != 3 || !sum.Parts[0].Cut || sum.Parts[1].Cut {
		t.Errorf("what was cut is no evidence any more: %+v", sum.Joint)
	}
	if sum = observe(s, 1, [2]string{"yzabcdef", "one.example"}); sum.Events != 1 || sum.Parts[0].Cut {
		t.Errorf("%d events when what was cut passes again", sum.Events)
	}
}

func TestClientsAreBounded(t *testing.T) {
	const capacity = 4096
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s := store(capacity)
	for client := range uint64(4 * capacity) {
		observe(s, client*0x9e3779b97f4a7c15, [2]string{"abcdefgh", "one.example"})
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	size := after.HeapAlloc - before.HeapAlloc
	t.Logf("%d clients of %d bytes take %.1f MiB", s.Count(), unsafe.Sizeof(client{}), float64(size)/(1<<20))
	if n := s.Count(); n > capacity || n < capacity*9/10 || size > 24<<20 {
		t.Errorf("%d clients take %d bytes; want about %d in at most 24 MiB", n, size, capacity)
	}
	runtime.KeepAlive(s)
}

func TestHeldClientDoesNotAllocate(t *testing.T) {
	s := store(1)
	var sum feature.Joint
	q, i := query(1, "abcdefgh", "one.example", begin), uint32(0)
	s.Observe(q, &sum)
	if got := testing.AllocsPerRun(1000, func() {
		i++
		q.Pair, q.Hash = uint64(i%50), uint64(i)
		for j := range q.Prefix {
			q.Prefix[j] = 'a' + byte(i*uint32(7+j))%26
		}
		s.Observe(q, &sum)
	}); got != 0 {
		t.Errorf("%v allocations, want none", got)
	}
}

func TestInherit(t *testing.T) {
	old, young := store(1), store(1000)
	observe(old, 1, [2]string{"abcdefgh", "one.example"})
	young.Inherit(old)
	if sum := observe(young, 1, [2]string{"ijklmnop", "two.example"}); sum.SLDs != 2 {
		t.Errorf("%d SLDs, want what the store before had", sum.SLDs)
	}
	if sum := observe(old, 1, [2]string{"qrstuvwx", "three.example"}); sum.SLDs != 2 || string(sum.Parts[1].SLD()) != "three.example" {
		t.Errorf("the stores share a window: %+v", sum.Joint)
	}
}

func TestConcurrently(t *testing.T) {
	s, other := store(64), store(64)
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			var sum Summary
			for i := range 2000 {
				q := query(uint64(i%100), fmt.Sprintf("%x.%d", uint32(i)*0x9e3779b9, g), fmt.Sprintf("d%d.example", i%40), begin.Add(time.Duration(i)*time.Second))
				if s.Observe(q, &sum.Joint) && s.Summarize(q.Client, &sum) {
					s.Learn(q.Client, q.Pair, q.Hash, i)
					s.Cut(q.Client, sum.Parts[0].Pair)
				}
			}
			if g == 0 {
				other.Inherit(s)
			}
		})
	}
	all.Wait()
	if n := s.Count(); n > 64 {
		t.Errorf("%d clients", n)
	}
}

func BenchmarkObserve(b *testing.B) {
	s := store(1)
	var sum feature.Joint
	q := query(1, "abcdefgh.cdn", "one.example", begin)
	for i := 0; b.Loop(); i++ {
		q.Pair = uint64(i % 20)
		for j := range 8 {
			q.Prefix[j] = 'a' + byte(i*(7+j))%26
		}
		s.Observe(q, &sum)
	}
}
