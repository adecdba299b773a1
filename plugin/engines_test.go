package notunnel

import (
	"encoding/base32"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/notunnel/notunnel/model/forest"
	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// reloads is a registry and the instances that are running by its lights.
type reloads struct {
	*registry
	alive map[*instance]bool
}

func newReloads() reloads {
	alive := map[*instance]bool{}
	return reloads{&registry{running: func(i *instance) bool { return alive[i] }}, alive}
}

// instance is a CoreDNS that is starting.
func (r reloads) instance() *instance {
	i := new(instance)
	r.alive[i] = true
	return i
}

func (r reloads) lease(t *testing.T, cfg config, home string, by *instance) *lease {
	t.Helper()
	l, err := r.acquire(&cfg, home, by)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// stop ends an instance that has been replaced, or all that there is.
func (r reloads) stop(i *instance, leases ...*lease) {
	delete(r.alive, i)
	for _, l := range leases {
		r.release(l)
	}
}

func configured(t *testing.T, change func(*config)) config {
	t.Helper()
	cfg := config{engine: detect.Default()}
	cfg.engine.Allow = verdict.Shipped()
	var err error
	if cfg.engine.Models, err = models(""); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&cfg)
	}
	return cfg
}

func ask(e *detect.Engine, name string) *detect.Decision {
	d := new(detect.Decision)
	e.Query(detect.Query{Name: name, Type: 16, Client: netip.MustParseAddr("192.0.2.1"), At: now()}, d)
	return d
}

// flag tunnels below the SLD until it is flagged.
func flag(t *testing.T, l *lease, sld string) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		if ask(l.engine(), tunnelled(r)+"."+sld+".").Flagged != nil {
			return
		}
	}
	t.Fatal("200 queries of a tunnel did not get it flagged")
}

// tunnelled is a prefix full of data.
func tunnelled(r *rand.Rand) string {
	data := make([]byte, 60)
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	text := strings.ToLower(base32.StdEncoding.EncodeToString(data))
	return text[:48] + "." + text[48:]
}

func flagged(l *lease, sld string) bool {
	return ask(l.engine(), "www."+sld+".").Verdict == verdict.Block
}

// events are those of the window of the SLD.
func happenings(l *lease, sld string) int {
	var d detect.Decision
	l.engine().Identify(detect.Query{Name: "www." + sld + ".", Client: netip.MustParseAddr("192.0.2.1")}, &d)
	sum, _ := l.engine().Summary(&d)
	return sum.Events
}

func TestEqualOptionsShareAnEngine(t *testing.T) {
	r, cfg := newReloads(), configured(t, nil)
	i := r.instance()
	a, b := r.lease(t, cfg, "a", i), r.lease(t, cfg, "b", i)
	if a.engine() != b.engine() {
		t.Error("two engines for equal options")
	}
	other := r.lease(t, configured(t, func(c *config) { c.engine.Capacity = 10 }), "c", i)
	if other.engine() == a.engine() {
		t.Error("one engine for different options")
	}
	r.stop(i, a)
	flag(t, b, "still-used.org")
	if r.stop(i, b, other); len(r.leases) != 0 {
		t.Errorf("%d leases are left", len(r.leases))
	}
}

func TestWindowsAndFlagsSurviveAReload(t *testing.T) {
	for name, change := range map[string]func(*config){
		"same options":    nil,
		"other threshold": func(c *config) { c.engine.Thresholds = forest.All(0.99) },
		"other capacity":  func(c *config) { c.engine.Capacity = 100 },
		"other block_for": func(c *config) { c.engine.BlockFor = 2 * time.Hour },
	} {
		t.Run(name, func(t *testing.T) {
			r := newReloads()
			first, second := r.instance(), r.instance()
			old := r.lease(t, configured(t, nil), "a", first)
			flag(t, old, "before.org")
			for i := range 5 {
				ask(old.engine(), fmt.Sprintf("host%d.ordinary.org.", i))
			}
			next := r.lease(t, configured(t, change), "a", second)
			flag(t, old, "meanwhile.org") // the old one serves until the new one does
			r.stop(first, old)
			for _, sld := range []string{"before.org", "meanwhile.org"} {
				if !flagged(next, sld) {
					t.Errorf("the flag of %s is gone", sld)
				}
			}
			if n := happenings(next, "ordinary.org"); n != 5 {
				t.Errorf("the window holds %d events, want the 5 from before", n)
			}
			if len(r.leases) != 1 {
				t.Errorf("%d leases, want 1", len(r.leases))
			}
		})
	}
}

// Sums of another autoencoder's losses mean nothing, but a flag is a flag; and
// the engine that goes on with the old model loses nothing.
func TestOtherModelBeginsWithoutWindows(t *testing.T) {
	r := newReloads()
	first, second := r.instance(), r.instance()
	old := r.lease(t, configured(t, nil), "a", first)
	flag(t, old, "before.org")
	ask(old.engine(), "www.ordinary.org.")
	next := r.lease(t, configured(t, func(c *config) {
		other := *c.engine.Models
		other.ID = "other"
		c.engine.Models = &other
	}), "a", second)
	if !flagged(next, "before.org") {
		t.Error("the flag is gone")
	}
	if n := happenings(next, "ordinary.org"); n != 0 {
		t.Errorf("a window with %d events of the old model", n)
	}
	if n := happenings(old, "ordinary.org"); n != 1 {
		t.Errorf("the old engine's window holds %d events, want 1", n)
	}
}

// Who a client is has changed, so no pair of before is one of now.
func TestOtherClientPrefixBeginsAnew(t *testing.T) {
	r := newReloads()
	first, second := r.instance(), r.instance()
	wide := func(c *config) { c.engine.Bits4 = 0 }
	old := r.lease(t, configured(t, wide), "a", first)
	flag(t, old, "before.org")
	next := r.lease(t, configured(t, nil), "a", second)
	if windows, _ := next.engine().Count(); windows+next.engine().Flags().Len() != 0 || flagged(next, "before.org") {
		t.Error("the new engine begins with pairs of the old one")
	}
}

// Two server blocks shared an engine; one of them gets other options.
func TestPartingBlocksKeepWhatTheyHadAndShareNothing(t *testing.T) {
	r, cfg := newReloads(), configured(t, nil)
	first, second := r.instance(), r.instance()
	a1, b1 := r.lease(t, cfg, "a", first), r.lease(t, cfg, "b", first)
	flag(t, a1, "before.org")
	a2 := r.lease(t, cfg, "a", second)
	b2 := r.lease(t, configured(t, func(c *config) { c.engine.Capacity = 32 }), "b", second)
	r.stop(first, a1, b1)
	if !flagged(a2, "before.org") || !flagged(b2, "before.org") {
		t.Error("a block lost the flag from before")
	}
	flag(t, a2, "of-a.org")
	flag(t, b2, "of-b.org")
	if flagged(a2, "of-b.org") || flagged(b2, "of-a.org") {
		t.Error("what one block flagged is blocked in the other")
	}
}

// Two server blocks had engines of their own; now their options are equal.
func TestMeetingBlocksKeepWhatBothHad(t *testing.T) {
	other := func(c *config) { c.engine.Capacity = 100 }
	third := func(c *config) { c.engine.Capacity = 200 }
	for name, change := range map[string]func(*config){"under the options of one": nil, "under new options": third} {
		t.Run(name, func(t *testing.T) {
			r := newReloads()
			first, second := r.instance(), r.instance()
			a1, b1 := r.lease(t, configured(t, nil), "a", first), r.lease(t, configured(t, other), "b", first)
			flag(t, a1, "of-a.org")
			flag(t, b1, "of-b.org")
			a2, b2 := r.lease(t, configured(t, change), "a", second), r.lease(t, configured(t, change), "b", second)
			if a1.engine() == b2.engine() && flagged(b2, "of-b.org") {
				t.Error("the engine that serves was changed before the new instance did")
			}
			r.stop(first, a1, b1)
			if a2.engine() != b2.engine() {
				t.Fatal("two engines for equal options")
			}
			if !flagged(a2, "of-a.org") || !flagged(a2, "of-b.org") {
				t.Error("a flag of before is gone")
			}
		})
	}
}

func TestFailedInstanceLeavesNoTrace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "allow.txt")
	if err := os.WriteFile(file, []byte("allowed.org\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	watching := func(capacity int) config {
		return configured(t, func(c *config) { c.engine.Capacity, c.allowFiles = capacity, []string{file} })
	}
	r := newReloads()
	first := r.instance()
	old := r.lease(t, watching(1000), "a", first)
	flag(t, old, "before.org")
	for i := range 500 {
		ask(old.engine(), fmt.Sprintf("www.site-%d.org.", i))
	}
	windows, evicted := r.count()
	running := runtime.NumGoroutine()

	for capacity := range 5 {
		failed := r.instance()
		r.lease(t, watching(1+capacity), "a", failed)
		r.lease(t, watching(100+capacity), "new", failed)
		r.lease(t, watching(1000), "joins", failed)
		delete(r.alive, failed)
		if capacity%2 == 0 {
			r.sweep() // the others are found by the next one
		}
	}
	r.sweep()
	if w, e := r.count(); w != windows || e != evicted {
		t.Errorf("%d windows and %d evicted, want %d and %d", w, e, windows, evicted)
	}
	if !flagged(old, "before.org") || happenings(old, "site-0.org") != 1 {
		t.Error("the engine that goes on has lost a flag or a window")
	}
	if len(r.leases) != 1 || r.leases[0] != old {
		t.Errorf("%d leases, want the one from before", len(r.leases))
	}
	waitForGoroutines(t, running)
	// And the next reload works.
	second := r.instance()
	next := r.lease(t, watching(2000), "a", second)
	r.stop(first, old)
	if !flagged(next, "before.org") || len(r.leases) != 1 {
		t.Error("the reload after the failed ones lost the flag")
	}
	r.stop(second, next)
	waitForGoroutines(t, running-1) // the watch goes with the last lease
}

// waitForGoroutines waits until there are no more than that: one that has been
// told to end takes a moment.
func waitForGoroutines(t *testing.T, most int) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > most; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Errorf("%d goroutines, want %d", runtime.NumGoroutine(), most)
			return
		}
	}
}

// Two engines of an instance cannot have one state file, whichever comes first and
// whichever was there before.
func TestOneEngineAStateFile(t *testing.T) {
	for _, order := range [][2]int{{1000, 2000}, {2000, 1000}} {
		path := filepath.Join(t.TempDir(), "state")
		with := func(capacity int) config {
			return configured(t, func(c *config) { c.state, c.engine.Capacity = path, capacity })
		}
		r := newReloads()
		first, second := r.instance(), r.instance()
		old := r.lease(t, with(1000), "a", first)
		flag(t, old, "before.org")
		one := r.lease(t, with(order[0]), "a", second)
		other := with(order[1])
		if _, err := r.acquire(&other, "b", second); err == nil || !strings.Contains(err.Error(), "name the state file "+path) {
			t.Fatalf("%v: error %v", order, err)
		}
		r.stop(first, old)
		if one.store.Load() == nil || !flagged(one, "before.org") {
			t.Errorf("%v: the next engine has not got the file", order)
		}
		r.stop(second, one)
		third := r.instance()
		again := r.lease(t, with(3000), "a", third)
		if !flagged(again, "before.org") {
			t.Errorf("%v: the flag is not in the file", order)
		}
		r.stop(third, again)
	}
}
