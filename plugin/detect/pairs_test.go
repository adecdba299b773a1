package detect

import (
	"bytes"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/plugin/keyhash"
	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/window"
)

var (
	pairsKey   = keyhash.New()
	pairsRules = window.NewRules(window.Config{
		Key: pairsKey, Span: window.Ticks(time.Hour),
		Measure: func(text []byte) window.Measures { return window.Measures{Text: feature.Measure(text), Bits: 100} },
	})
	pairsAt = time.Unix(1e9, 0)
)

func somePairs(capacity int) *pairs {
	return newPairs(capacity, meter.New(meter.Config{
		Capacity: capacity, Here: 1, Key: pairsKey, Factor: func([]byte) uint8 { return 1 },
	}))
}

func nth(n int) uint64 { return pairsKey.Sum(fmt.Append(nil, n)) }

// visit has a pair ask for a prefix.
func (p *pairs) visit(key uint64, prefix string, at time.Time) {
	q := window.Query{
		Prefix: []byte(prefix), Hash: pairsKey.Sum([]byte(prefix)), Fresh: true, Bits: 100, At: window.TickOf(at),
	}
	l := p.lock(key, 0, at)
	defer l.Unlock()
	p.meter.Charge(&l.account, &l.rests, &meter.Query{Pair: key, Prefix: q.Prefix, Hash: q.Hash, Type: 1, At: at, Shared: true}, new(meter.Outcome))
	pairsRules.Observe(&l.window, &l.panes, &q, nil)
}

func (p *pairs) events(key uint64) int {
	var sum feature.Summary
	p.summary(key, pairsRules, &sum)
	return sum.Events
}

func TestInheritCopiesPairs(t *testing.T) {
	old := somePairs(10_000)
	for i := range 100 {
		for j := range 30 { // more than a pane
			old.visit(nth(i), fmt.Sprint("p", j), pairsAt)
		}
	}
	next := somePairs(64)
	next.inherit(old, true)
	if held, evicted := next.count(); held != 64 || evicted != 0 {
		t.Fatalf("%d pairs, %d evicted; want 64, 0", held, evicted)
	}
	for i := range 100 {
		var was, is feature.Summary
		old.summary(nth(i), pairsRules, &was)
		if next.summary(nth(i), pairsRules, &is) && is != was {
			t.Errorf("pair %d: %+v, want %+v", i, is, was)
		}
		up, _ := old.spent(nth(i), pairsAt)
		if got, _ := next.spent(nth(i), pairsAt); got < up { // those for which there is no room, too
			t.Errorf("pair %d: %d is remembered of %d", i, got, up)
		}
	}
}

func TestInheritWithoutWindows(t *testing.T) {
	old, next := somePairs(100), somePairs(100)
	old.visit(nth(1), "a", pairsAt)
	next.inherit(old, false)
	was, _ := old.spent(nth(1), pairsAt)
	if is, _ := next.spent(nth(1), pairsAt); is != was || next.events(nth(1)) != 0 {
		t.Errorf("%d spent, want %d; %d events, want none", is, was, next.events(nth(1)))
	}
}

func TestInheritKeepsThePairsUsedLast(t *testing.T) {
	old := somePairs(65536)
	for i := range 200 {
		old.visit(nth(i), "a", pairsAt.Add(time.Duration(i)*time.Second))
	}
	next := somePairs(50)
	next.inherit(old, true)
	for i := range 200 {
		if got, want := next.events(nth(i)) > 0, i >= 150; got != want {
			t.Errorf("window %d of 200: held %v, want %v", i, got, want)
		}
	}
}

// The predecessor may go on serving, for good when the successor fails.
func TestInheritLeavesTheOthersAlone(t *testing.T) {
	old, next := somePairs(1000), somePairs(1000)
	old.visit(nth(1), "a", pairsAt)
	next.inherit(old, true)
	for i := range window.MaxEvents {
		next.visit(nth(1), fmt.Sprint("b", i), pairsAt)
	}
	next.forget(nth(1))
	if n := old.events(nth(1)); n != 1 {
		t.Errorf("the window copied from has %d events, want 1", n)
	}
}

func TestInheritWhileBothAreInUse(t *testing.T) {
	const n = 2000
	old, next := somePairs(65536), somePairs(65536)
	for i := range n {
		old.visit(nth(i), "a", pairsAt)
	}
	var busy sync.WaitGroup
	for _, p := range []*pairs{old, next} {
		busy.Go(func() {
			for i := range n {
				p.visit(nth(i), "b", pairsAt)
			}
		})
	}
	next.inherit(old, true)
	busy.Wait()
	if held, _ := next.count(); held != n {
		t.Errorf("%d pairs, want %d", held, n)
	}
}

func TestForget(t *testing.T) {
	p := somePairs(100)
	p.visit(nth(1), "a", pairsAt)
	p.visit(nth(2), "a", pairsAt)
	p.forget(nth(1))
	p.forget(nth(3)) // there is none
	if p.events(nth(1)) != 0 || p.events(nth(2)) != 1 {
		t.Error("not the window that was to be forgotten is gone")
	}
	if up, _ := p.spent(nth(1), pairsAt); up == 0 {
		t.Error("what was spent is forgotten with the window")
	}
}

func TestCapacity(t *testing.T) {
	const capacity = 64
	p := somePairs(capacity)
	for i := range 10_000 {
		p.visit(nth(i), "a", pairsAt)
	}
	if held, evicted := p.count(); held > capacity || evicted < 5_000 {
		t.Errorf("%d pairs, %d evicted; want at most %d", held, evicted, capacity)
	}
}

// What pairs have spent is there again after it was saved, also among fewer pairs.
func TestSaveAndRestorePairs(t *testing.T) {
	old := somePairs(1000)
	for i := range 600 {
		for j := range i % 9 {
			old.visit(nth(i), fmt.Sprint("host", j), pairsAt)
		}
	}
	var saved bytes.Buffer
	if err := old.meter.Save(&saved, old.table.Len(), old.save); err != nil {
		t.Fatal(err)
	}
	for _, capacity := range []int{1000, 100} {
		next := somePairs(capacity)
		if err := next.meter.Restore(bytes.NewReader(saved.Bytes()), next.restore); err != nil {
			t.Fatal(err)
		}
		for i := range 600 {
			was, _ := old.spent(nth(i), pairsAt)
			is, _ := next.spent(nth(i), pairsAt)
			if is < was && was > meter.FromBytes(8) || capacity == 1000 && is != was {
				t.Fatalf("capacity %d: pair %d had spent %d, now %d", capacity, i, was, is)
			}
		}
	}
}
