package meter

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// busy is a meter that a crowd has used, more than it holds accounts for.
func busy(t testing.TB, capacity int) *Meter {
	t.Helper()
	m, r := newMeter(t, capacity, Limits{Up: kib(1), Down: kib(4), Client: kib(2)}, 1), rand.New(rand.NewPCG(7, 7))
	at := begin
	for range 5 * capacity {
		at = at.Add(time.Second)
		q := query(hex.EncodeToString(random(r, 1+r.IntN(20))), fmt.Sprintf("site%d.example", r.IntN(2*capacity)), r.IntN(50), dns.TypeA, at)
		if r.IntN(3) == 0 {
			q.Prefix, q.Hash = []byte("www"), testKey.Sum([]byte("www"))
		}
		if m.Query(q).Cause == Within && r.IntN(2) == 0 {
			records := []Record{{Hash: r.Uint64N(1000), Price: FromBytes(4)}}
			m.Reply(&Reply{Pair: q.Pair, Hash: q.Hash, Type: q.Type, At: at, Told: TellAll(0, records), Records: records})
		}
	}
	return m
}

func saved(t testing.TB, m *Meter) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := m.Save(&b, 0, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// whole is an account with its rest.
type whole struct {
	Account
	more rest
}

// accounts are all that are held, by key; known and factor are asked for anew.
func (m *Meter) accounts() map[uint64]whole {
	all := map[uint64]whole{}
	for i := range m.here.Len() {
		m.here.Shard(i).Each(func(key uint64, a *Account) {
			w := whole{Account: *a}
			if a.rest != 0 {
				w.more, w.rest = *m.rests[i].of(a), 1
			}
			w.known, w.factor = false, 0
			all[key] = w
		})
	}
	return all
}

// Whatever an account has, it has after Save and Restore: a field that is forgotten
// there shows.
func TestSaveAndRestore(t *testing.T) {
	m := busy(t, 600)
	data := saved(t, m)
	next := newMeter(t, 600, Limits{Up: kib(1)}, 1)
	if err := next.Restore(bytes.NewReader(data), nil); err != nil {
		t.Fatal(err)
	}
	if want, got := m.accounts(), next.accounts(); len(want) < 500 || !reflect.DeepEqual(got, want) {
		t.Errorf("%d accounts, want %d, and alike", len(got), len(want))
	}
	for i := range m.before {
		was, is := &m.before[i], &next.before[i]
		if !reflect.DeepEqual(is.held.buckets, was.held.buckets) || !is.held.begun.Equal(was.held.begun) {
			t.Errorf("part %d remembers something else of those that went", i)
		}
		if is.made < was.made {
			t.Errorf("part %d would make identities that were there", i)
		}
	}
	for i := range m.paid.lines {
		for j := range m.paid.lines[i] {
			if next.paid.lines[i][j].Load() != m.paid.lines[i][j].Load() {
				t.Fatal("what was paid for is another")
			}
		}
	}
	if again := saved(t, next); len(again) != len(data) {
		t.Errorf("saved again it has %d bytes, %d before", len(again), len(data))
	}
}

// A meter of another size loses nothing that was spent, but for what is not worth it.
func TestRestoreIntoAnotherSize(t *testing.T) {
	m := busy(t, 600)
	for _, capacity := range []int{100, 5000} {
		next := newMeter(t, capacity, Limits{Up: kib(1)}, 1)
		if err := next.Restore(bytes.NewReader(saved(t, m)), nil); err != nil {
			t.Fatal(err)
		}
		for key, a := range m.accounts() {
			if up, _ := next.spentHere(key, timeOf(a.part)); up < a.spent().up && a.up.total > worthMemory {
				t.Fatalf("capacity %d: %d bits were spent, %d are remembered", capacity, a.spent().up, up)
			}
		}
	}
}

// What is cut short or was changed is refused, or read as something that can be used.
func TestRestoreRefuses(t *testing.T) {
	data := saved(t, busy(t, 100))
	for _, n := range []int{0, 1, 10, len(data) / 2, len(data) - 1} {
		if err := newMeter(t, 100, Limits{}, 1).Restore(bytes.NewReader(data[:n]), nil); !errors.Is(err, ErrForm) {
			t.Errorf("cut after %d bytes: error %v", n, err)
		}
	}
	if err := newMeter(t, 100, Limits{}, 1).Restore(bytes.NewReader([]byte{99, 1, 1}), nil); !errors.Is(err, ErrForm) {
		t.Errorf("another form: error %v", err)
	}
}

func FuzzRestore(f *testing.F) {
	code := testCode(f)
	f.Add(saved(f, busy(f, 5)))
	f.Fuzz(func(t *testing.T, data []byte) {
		m := New(Config{Capacity: 5, Here: 5, Key: testKey, Code: *code, Limits: Limits{Up: kib(1)}, Factor: func([]byte) uint8 { return 1 }})
		if m.Restore(bytes.NewReader(data), func(uint64, time.Time, func(*Account, *Rests)) {}) != nil {
			return
		}
		for i := range 50 {
			m.Query(query(fmt.Sprint("host", i), fmt.Sprintf("site%d.example", i%40), i%5, dns.TypeA, begin))
		}
	})
}

func BenchmarkSave(b *testing.B) {
	m := busy(b, 65536)
	b.SetBytes(int64(len(saved(b, m))))
	for b.Loop() {
		saved(b, m)
	}
}
