package meter

import (
	"math/rand/v2"
	"sync"
	"testing"
	"unsafe"

	"github.com/miekg/dns"
)

func TestPaidTakesALineAnAccount(t *testing.T) {
	const cacheLine = 64
	p := newPaid(65536)
	if size := unsafe.Sizeof(line{}); size != cacheLine || len(p.lines) != 65536 {
		t.Errorf("%d lines of %d bytes for 65536 accounts, want as many of %d", len(p.lines), size, cacheLine)
	}
	if at := uintptr(unsafe.Pointer(&p.lines[0])); at%cacheLine != 0 {
		t.Errorf("lines begin at %#x", at)
	}
}

// What an account asked for is found in its line with any type, and nothing else is.
func TestPaidFindsWhatWasPut(t *testing.T) {
	p, r := newPaid(1024), rand.New(rand.NewPCG(11, 1))
	own := owner{r.Uint64(), r.Uint64()}
	for range 300 {
		name, record := r.Uint64(), r.Uint64()
		l, event := p.event(own, name, dns.TypeAAAA)
		l.set(event|6, ofEvent)
		l.set(event|8, ofEvent)
		if l.entry(event, ofEvent) != event|8 {
			t.Error("what followed last is not found")
		}
		of, key := p.name(own, name)
		if of != l || of.entry(key, ofName) == 0 {
			t.Error("a name is not found by itself")
		}
		if _, other := p.event(own, name, dns.TypeA); l.entry(other, ofEvent) != 0 {
			t.Error("a name is found with another type")
		}
		if _, reply := p.reply(own, name, dns.TypeAAAA); l.entry(reply, ofEvent) != 0 {
			t.Error("a query is taken for a reply")
		}
		if of, stranger := p.name(owner{own.key, own.identity + 1}, name); of.entry(stranger, ofName) != 0 {
			t.Error("a name is found by another account")
		}
		l, entry := p.record(own, record)
		if l.entry(entry, ofAll) != 0 {
			t.Error("a record is found that did not come")
		}
		if l.set(entry, ofAll); l.entry(entry, ofAll) == 0 {
			t.Error("a record is not found")
		}
	}
}

// set is put for who has not looked.
func (l *line) set(e, mask uint64) {
	_, at := l.find(e, mask)
	l.put(at, e, mask)
}

// entry is find for who wants nothing but the entry.
func (l *line) entry(want, mask uint64) uint64 {
	found, _ := l.find(want, mask)
	return found
}

// However many new entries come, those that are used again stay; and next to no name is
// taken for one that stands in a full line.
func TestWhatIsUsedAgainStays(t *testing.T) {
	p, r := newPaid(1), rand.New(rand.NewPCG(11, 2))
	used := func(i uint64) (*line, uint64) { return p.event(owner{1, 1}, i*0x9e3779b97f4a7c15, dns.TypeA) }
	for i := range uint64(perLine / 2) {
		l, e := used(i)
		l.set(e|value(r.Uint64()), ofEvent)
	}
	taken := 0
	for range 4_000_000 / 8 {
		for range 8 {
			l, e := p.event(owner{2, 2}, r.Uint64(), dns.TypeA)
			if l.entry(e, ofName) != 0 {
				taken++
			}
			l.set(e|value(r.Uint64()), ofEvent)
		}
		for i := range uint64(perLine / 2) {
			if l, e := used(i); l.entry(e, ofEvent) == 0 {
				t.Fatalf("entry %d went for what is new", i)
			}
		}
	}
	if taken > 1 {
		t.Errorf("%d of 4 million new names are taken for others", taken)
	}
}

// Whatever is asked at once, an entry is found as it was put, or not at all.
func TestPaidIsSafeForConcurrentUse(t *testing.T) {
	p := newPaid(16)
	var all sync.WaitGroup
	for who := range uint64(8) {
		all.Go(func() {
			r := rand.New(rand.NewPCG(11, who))
			for range 100_000 {
				name := r.Uint64N(200) * 0x9e3779b97f4a7c15
				l, e := p.event(owner{1, 1}, name, dns.TypeA)
				switch found := l.entry(e, ofEvent); found {
				case 0:
					l.set(e|value(name), ofEvent)
				case e | value(name):
				default:
					t.Errorf("%#x is found for %#x", found, e|value(name))
				}
			}
		})
	}
	all.Wait()
}
