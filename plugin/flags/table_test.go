package flags

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/notunnel/notunnel/plugin/keyhash"
	"github.com/notunnel/notunnel/plugin/subject"
	"github.com/notunnel/notunnel/plugin/verdict"
)

var (
	key   = keyhash.New()
	begin = time.Unix(1.7e9, 0)
)

const hold = time.Hour

// about is the subject of a query from the n-th client.
func about(name string, n int) (*subject.Subject, uint64) {
	networks, err := subject.NewNetworks(32, 64)
	if err != nil {
		panic(err)
	}
	s := new(subject.Subject)
	networks.Identify(&s.Client, netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}), "")
	s.Parse(name)
	return s, subject.Pair(key.Sum(s.SLD()), subject.OfSLD, s.Client.Hash(&key))
}

// raise flags the SLD of the name for the client.
func raise(t *Table, name string, n int, at time.Time) (Flag, bool) {
	s, pair := about(name, n)
	return t.Raise(pair, s, s.SLD(), Flag{Ground: verdict.Model, Score: 0.9}, at)
}

func blocked(t *Table, name string, n int, at time.Time) bool {
	s, pair := about(name, n)
	_, ok := t.Hit(pair, s, at)
	return ok
}

// sound reports what does not fit together in a table that is at rest.
func (t *Table) sound() error {
	count, blocking, there := 0, 0, map[uint64]int{}
	for i := range t.shards {
		for _, h := range t.shards[i].values() {
			count++
			if !h.Ground.Metered() {
				there[h.pair]++
				blocking++
			}
		}
	}
	if int64(count) != t.count.Load() {
		return fmt.Errorf("%d flags are held, %d counted", count, t.count.Load())
	}
	counted := 0
	for i, n := range t.there.counts {
		counted += int(n)
		if told := t.there.maybe(uint64(i) << (64 - placeBits)); told != (n > 0) {
			return fmt.Errorf("%d flags are counted at place %d, and presence says %v", n, i, told)
		}
	}
	if counted != blocking {
		return fmt.Errorf("%d flags block, presence counts %d", blocking, counted)
	}
	for pair := range there {
		if !t.there.maybe(pair) {
			return fmt.Errorf("pair %x has a flag, and presence says no", pair)
		}
	}
	return nil
}

func TestFlagBlocksItsSLDForItsClient(t *testing.T) {
	table := New(key, hold)
	f, raised := raise(table, "data.tunnel.example.", 1, begin)
	if !raised || f.SLD != "tunnel.example" || f.Scope != f.SLD || f.Client.String() != "10.0.0.1" || f.Ground != verdict.Model ||
		!f.Since.Equal(begin) || !f.Until.Equal(begin.Add(hold)) || f.Blocked != 1 {
		t.Errorf("%+v", f)
	}
	for name, want := range map[string]bool{
		"tunnel.example.": true, "x.tunnel.example.": true, "a.b.c.d.e.Tunnel.Example.": true,
		"other.example.": false, "xtunnel.example.": false, "tunnel.example.org.": false, `x\.tunnel.example.`: false,
	} {
		if got := blocked(table, name, 1, begin); got != want {
			t.Errorf("%s is blocked: %v", name, got)
		}
	}
	if blocked(table, "x.tunnel.example.", 2, begin) {
		t.Error("another client is blocked")
	}
	if again, raised := raise(table, "more.tunnel.example.", 1, begin); raised || again.ID != f.ID || again.Blocked != 5 {
		t.Errorf("raised again: %v, %+v", raised, again)
	}
	if table.Len() != 1 {
		t.Errorf("%d flags", table.Len())
	}
}

// A flag that is raised ahead of any query blocks the first that comes.
func TestRaiseAhead(t *testing.T) {
	table := New(key, hold)
	s, pair := about("tunnel.example.", 1)
	for i := range 2 {
		f, raised := table.RaiseAhead(pair, s, s.SLD(), Flag{Ground: verdict.Model}, begin)
		if f.Blocked != 0 || !f.Until.Equal(begin.Add(hold)) || len(f.Names()) != 0 || raised != (i == 0) {
			t.Errorf("%+v, raised %v", f, raised)
		}
	}
	if !blocked(table, "data.tunnel.example.", 1, begin) {
		t.Error("it blocks nothing")
	}
}

func TestSubtree(t *testing.T) {
	table := New(key, hold)
	s, pair := about("x.data.metric.popular.example.", 1)
	f, _ := table.Raise(pair, s, []byte("metric.popular.example"), Flag{Ground: verdict.Model}, begin)
	if f.SLD != "popular.example" || f.Scope != "metric.popular.example" {
		t.Errorf("%+v", f)
	}
	for name, want := range map[string]string{
		"metric.popular.example.":           "metric.popular.example",
		"a.b.c.d.metric.popular.example.":   "metric.popular.example",
		"www.popular.example.":              "",
		"popular.example.":                  "",
		"xmetric.popular.example.":          "",
		"metric.popular.example.elsewhere.": "",
	} {
		s, pair := about(name, 1)
		hit, ok := table.Hit(pair, s, begin)
		if ok != (want != "") || string(hit.Scope) != want {
			t.Errorf("%s: %v, scope %q; want %q", name, ok, hit.Scope, want)
		}
	}
	// The SLD as a whole can be flagged besides.
	raise(table, "popular.example.", 1, begin)
	if !blocked(table, "www.popular.example.", 1, begin) || table.Len() != 2 {
		t.Error("the SLD is not blocked as a whole")
	}
	if err := table.sound(); err != nil {
		t.Error(err)
	}
}

func TestFlagEndsWhenItHasBeenQuiet(t *testing.T) {
	table, at := New(key, hold), begin
	raise(table, "a.tunnel.example.", 1, at)
	for range 5 { // each blocked query prolongs it
		at = at.Add(50 * time.Minute)
		if !blocked(table, "b.tunnel.example.", 1, at) {
			t.Fatal("it ended while it was in use")
		}
	}
	at = at.Add(61 * time.Minute)
	if blocked(table, "b.tunnel.example.", 1, at) || table.Len() != 0 {
		t.Error("it has not ended")
	}
	if err := table.sound(); err != nil {
		t.Error(err)
	}
}

// A clock that is set back must not make a block last longer.
func TestClockSetBack(t *testing.T) {
	for _, back := range []time.Duration{time.Minute, time.Hour, 24 * time.Hour, 4 * 365 * 24 * time.Hour} {
		table := New(key, hold)
		raise(table, "a.tunnel.example.", 1, begin)
		at := begin.Add(-back)
		if !blocked(table, "a.tunnel.example.", 1, at) {
			t.Errorf("%v back: it ended", back)
		}
		if at = at.Add(61 * time.Minute); blocked(table, "a.tunnel.example.", 1, at) {
			t.Errorf("%v back: it has not ended after 61 quiet minutes", back)
		}
	}
}

func TestNames(t *testing.T) {
	table := New(key, hold)
	long := strings.Repeat("y", 60) + "." + strings.Repeat("z", 60)
	raise(table, `a\000b.tunnel.example.`, 1, begin)
	for _, prefix := range []string{`A\000b`, `one\.label`, long, "fourth"} {
		blocked(table, prefix+".tunnel.example.", 1, begin)
	}
	want := []string{`a\000b.tunnel.example`, `one\046label.tunnel.example`, long[:60] + "….tunnel.example"}
	if got := table.All(begin)[0].Names(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestFollowersAreToldInOrder(t *testing.T) {
	table := New(key, hold)
	var told []string
	table.Follow(func(c Change) { told = append(told, fmt.Sprint(c.Kind, " ", c.Flag.SLD, " ", c.Flag.Blocked)) })
	raise(table, "a.one.example.", 1, begin)
	raise(table, "a.one.example.", 1, begin)
	blocked(table, "a.one.example.", 1, begin)
	raise(table, "a.two.example.", 1, begin.Add(time.Minute))
	table.Release(Released, func(f *Flag) bool { return f.Scope == "two.example" })
	blocked(table, "a.one.example.", 1, begin.Add(2*hold))
	raise(table, "a.three.example.", 1, begin.Add(2*hold))
	table.All(begin.Add(5 * hold))
	want := []string{"raised one.example 1", "raised two.example 1", "released two.example 1", "expired one.example 3",
		"raised three.example 1", "expired three.example 1"}
	if !slices.Equal(told, want) {
		t.Errorf("%q, want %q", told, want)
	}
}

// The quietest of all goes, whichever shard it is in, and nothing that is in use.
func TestTheQuietestGoes(t *testing.T) {
	table := New(key, 1000*hold)
	for i := range Capacity {
		raise(table, fmt.Sprintf("x.site%d.example.", i), 1, begin.Add(time.Duration(i)*time.Second))
	}
	if table.Len() != Capacity {
		t.Fatalf("%d flags, want %d: none had to go", table.Len(), Capacity)
	}
	at := begin.Add(Capacity * time.Second)
	blocked(table, "x.site0.example.", 1, at) // not quiet any more
	const more = 1000
	for i := range more {
		raise(table, fmt.Sprintf("x.more%d.example.", i), 1, at.Add(time.Duration(i)*time.Second))
	}
	if table.Len() != Capacity {
		t.Errorf("%d flags, want %d", table.Len(), Capacity)
	}
	at = at.Add(more * time.Second)
	for i := range Capacity {
		if got, want := blocked(table, fmt.Sprintf("x.site%d.example.", i), 1, at), i == 0 || i > more; got != want {
			t.Fatalf("flag %d is there: %v", i, got)
		}
	}
	if err := table.sound(); err != nil {
		t.Error(err)
	}
}

// The most that a flag can take: long names, three long reasons, three samples.
func TestFlagsFitTheirMemory(t *testing.T) {
	label := strings.Repeat("s", 40)
	reason := "answer_entropy_cum 4.501 (benign 3.123, from 0.123 to 4.567)"
	live := func() int64 {
		var stats runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return int64(stats.HeapAlloc)
	}
	before := live()
	table := New(key, hold)
	for i := range Capacity {
		for j := range 3 {
			name := fmt.Sprintf("%d%s.%s.%s.%s%d.example.", j, label, label, label, label, i)
			if j > 0 {
				blocked(table, name, 1, begin)
				continue
			}
			s, pair := about(name, 1)
			table.Raise(pair, s, s.SLD(), Flag{
				Ground: verdict.Model, Reasons: []Reason{{Text: strings.Clone(reason)}, {Text: strings.Clone(reason)}, {Text: strings.Clone(reason)}, {Text: strings.Clone(reason)}},
			}, begin)
		}
	}
	each := (live() - before) / Capacity
	t.Logf("%d bytes a flag", each)
	if each > 1331 {
		t.Errorf("a flag takes %d bytes, want at most 1331", each)
	}
	runtime.KeepAlive(table)
}

func TestInheritTakesTheLaterOne(t *testing.T) {
	old, next := New(key, hold), New(key, 2*hold)
	told := 0
	next.Follow(func(Change) { told++ })
	later := begin.Add(30 * time.Minute)
	raise(old, "only-old.example.", 1, begin)
	raise(old, "old-later.example.", 1, later)
	raise(old, "own-later.example.", 1, begin)
	raise(next, "old-later.example.", 1, begin)
	raise(next, "own-later.example.", 1, later)
	told = 0
	pairs := next.Inherit(old, func(*Flag) bool { return false })
	if _, only := about("only-old.example.", 1); !slices.Equal(pairs, []uint64{only}) || told != 0 {
		t.Errorf("pairs %x, followers were told %d times", pairs, told)
	}
	for name, until := range map[string]time.Time{
		"only-old.example": begin.Add(2 * hold), "old-later.example": later.Add(2 * hold), "own-later.example": later.Add(2 * hold),
	} {
		all := next.All(begin)
		at := slices.IndexFunc(all, func(f Flag) bool { return f.SLD == name })
		if at < 0 || !all[at].Until.Equal(until) {
			t.Errorf("%s: %+v, want it until %v", name, all, until)
		}
	}
	if !blocked(old, "x.only-old.example.", 1, begin) || old.Len() != 3 {
		t.Error("the old table was changed")
	}
	blocked(next, "x.only-old.example.", 1, begin)
	for _, f := range old.All(begin) {
		if f.SLD == "only-old.example" && f.Blocked != 2 {
			t.Errorf("%d blocked in the old table: the two share a flag", f.Blocked)
		}
	}
}

func TestInheritKeepsTheLatest(t *testing.T) {
	old, next := New(key, 1000*hold), New(key, 1000*hold)
	for i := range Capacity {
		raise(old, fmt.Sprintf("x.old%d.example.", i), 1, begin.Add(time.Duration(i)*time.Second))
	}
	for i := range 100 {
		raise(next, fmt.Sprintf("x.own%d.example.", i), 1, begin.Add(time.Duration(i)*time.Millisecond))
	}
	next.Inherit(old, func(*Flag) bool { return false })
	if next.Len() != Capacity {
		t.Errorf("%d flags, want %d", next.Len(), Capacity)
	}
	if blocked(next, "x.own50.example.", 1, begin) || !blocked(next, "x.old100.example.", 1, begin) {
		t.Error("not the quietest had to go")
	}
	if err := next.sound(); err != nil {
		t.Error(err)
	}
}

// Many raise, ask, release and list at a time; afterwards all fits together, and
// followers have been told of as many beginnings as there are ends and flags.
func TestConcurrentUse(t *testing.T) {
	table := New(key, time.Minute)
	var held, told int
	table.Follow(func(c Change) {
		told++
		if c.Kind == Raised {
			held++
		} else {
			held--
		}
	})
	var busy sync.WaitGroup
	for g := range 8 {
		busy.Go(func() {
			r := rand.New(rand.NewPCG(uint64(g), 1))
			for i := range 3000 {
				name := fmt.Sprintf("x.site%d.example.", r.IntN(20_000))
				at := begin.Add(time.Duration(i) * 100 * time.Millisecond)
				switch r.IntN(10) {
				case 0:
					table.Release(Released, func(f *Flag) bool { return f.Scope[len(f.Scope)-9] == '7' })
				case 1:
					if i%100 == 1 {
						table.All(at)
					}
				case 2, 3, 4, 5:
					raise(table, name, g%2, at)
				default:
					blocked(table, name, g%2, at)
				}
			}
		})
	}
	busy.Wait()
	if err := table.sound(); err != nil {
		t.Error(err)
	}
	if held != table.Len() || told == 0 {
		t.Errorf("followers know of %d flags after %d changes, %d are held", held, told, table.Len())
	}
}

func TestMissDoesNotAllocate(t *testing.T) {
	table := New(key, hold)
	raise(table, "x.tunnel.example.", 1, begin)
	s, pair := about("x.other.example.", 1)
	guilty, its := about("x.tunnel.example.", 1)
	if n := testing.AllocsPerRun(1000, func() {
		table.Hit(pair, s, begin)
		table.Hit(its, guilty, begin)
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

// full is a table that can hold no more.
func full() *Table {
	table := New(key, 1000*hold)
	for i := range Capacity {
		raise(table, fmt.Sprintf("x.site%d.example.", i), 1, begin)
	}
	return table
}

func BenchmarkMiss(b *testing.B) {
	table := full()
	s, pair := about("www.ordinary.example.", 1)
	for b.Loop() {
		pair += 0x9E3779B97F4A7C15
		table.Hit(pair, s, begin)
	}
}

func BenchmarkHit(b *testing.B) {
	table := full()
	s, pair := about("www.site77.example.", 1)
	for b.Loop() {
		table.Hit(pair, s, begin)
	}
}

// A flood of flags: a full table, and each new one ends another.
func BenchmarkRaise(b *testing.B) {
	table := full()
	s, pair := about("www.flood.example.", 1)
	b.ReportAllocs()
	for b.Loop() {
		pair += 0x9E3779B97F4A7C15
		table.Raise(pair, s, s.SLD(), Flag{Ground: verdict.Model}, begin)
	}
}

// A flag whose time is over ends, and followers are told, though nobody asks for it.
func TestExpire(t *testing.T) {
	table, ended := New(key, hold), 0
	table.Follow(func(c Change) {
		if c.Kind == Expired {
			ended++
		}
	})
	for i := range 100 {
		raise(table, fmt.Sprintf("x.evil-%d.com.", i), i, begin.Add(time.Duration(i)*time.Second))
	}
	for i := range 101 {
		table.Expire(begin.Add(hold + time.Duration(i)*time.Second))
		if ended != i || table.Len() != 100-i {
			t.Fatalf("%d s after the first one's time %d have ended, %d are left", i, ended, table.Len())
		}
	}
}
