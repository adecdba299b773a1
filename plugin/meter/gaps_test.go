package meter

import (
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// flooded makes the meter let go of everything that it held before.
func flooded(m *Meter, round int, at time.Time) {
	for i := range 6 * m.config.Capacity {
		m.Query(query("", fmt.Sprintf("flood%d-%d.example", round, i), 2, dns.TypeA, at))
	}
}

// What a pair spent ages also while it comes and goes. One that costs 40 bytes a day
// and is evicted twice a day is never refused at 1 KiB.
func TestSpendingOfEvictedPairsAges(t *testing.T) {
	m, r := newMeter(t, 256, Limits{Up: kib(1)}, 1), rand.New(rand.NewPCG(6, 1))
	const daily = 48
	for day := range 40 {
		at := begin.Add(time.Duration(day) * 24 * time.Hour)
		for range 2 {
			o := m.Query(query(hex.EncodeToString(random(r, 16)), "innocent.example", 1, dns.TypeA, at))
			if o.Cause != Within { // two days and more may be remembered as one
				t.Errorf("refused on day %d: %d bytes are told as spent, of some %d a day", day, o.Up.Bytes(), daily)
				return
			}
		}
		flooded(m, 2*day, at.Add(6*time.Hour))
		m.Query(query("www", "innocent.example", 1, dns.TypeA, at.Add(12*time.Hour)))
		flooded(m, 2*day+1, at.Add(18*time.Hour))
	}
}

// A pair cannot get its free part again by having itself evicted.
func TestEvictionRenewsNoFreePart(t *testing.T) {
	const rounds = 100
	m, r := newMeter(t, 256, Limits{Up: kib(1)}, 1), rand.New(rand.NewPCG(6, 2))
	var passed Bits
	for round := range rounds {
		o := m.Query(query(hex.EncodeToString(random(r, 9)), "tunnel.example", 1, dns.TypeA, begin))
		if o.Cause == Within {
			passed += o.Price
		}
		flooded(m, round, begin)
	}
	if passed > kib(1) {
		t.Errorf("%d bytes passed of at most 1024, with %d floods of 1,536 domains", passed.Bytes(), rounds)
	}
}

// A name is never taken for the last one but by chance, and chance cannot be tried: 16
// bits and a million tries an hour give a name of 200 bytes for nothing every 4 minutes.
func TestTriesFindNoNameThatIsFree(t *testing.T) {
	const tries = 400_000
	m, r := newMeter(t, 256, Limits{Up: kib(1)}, 1), rand.New(rand.NewPCG(6, 3))
	q := query("", "tunnel.example", 1, dns.TypeA, begin)
	ask := func(prefix []byte) Outcome {
		q.Prefix, q.Hash = prefix, testKey.Sum(prefix)
		return m.Query(q)
	}
	names := 0
	for ask(fmt.Appendf(nil, "a%d", names)).Cause == Within {
		names++
	}
	for range 100_000 { // spends the rest on known names
		if ask(fmt.Appendf(nil, "a%d", names-1-r.IntN(4))).Cause == UpAll {
			break
		}
	}
	found := 0
	for range tries {
		if o := ask([]byte(hex.EncodeToString(random(r, 20)))); o.Cause == Within {
			found++
		}
	}
	if found > 0 {
		t.Errorf("%d of %d refused names passed for known ones", found, tries)
	}
}

// Limits that are beyond what can be counted are still limits.
func TestLargestLimitsAreLimits(t *testing.T) {
	for _, up := range []uint64{1 << 10, mostLimit} {
		m := newMeter(t, 256, Limits{Up: FromBytes(up)}, SharedFactor)
		q := query("www", "popular.example", 1, dns.TypeA, begin)
		m.Query(q)
		s, rests := m.of(q.Pair)
		a := s.Peek(q.Pair)
		a.up.add(math.MaxUint32)
		q.Prefix = []byte("mail")
		a.memory.remember(&event{prefix: q.Prefix, hash: testKey.Sum(q.Prefix)}, Again, &testKey, rests.tails(a))
		if o := m.Query(q); o.Cause == Within && o.Price > 0 {
			t.Errorf("limit %d MiB: a query passes when %d bytes have", up>>20, o.Up.Bytes())
		}
	}
}

// Whatever bytes a name is made of, its price is positive and no less than what the
// labels tell apart: here by a bit for each of its empty labels, bytes and dots.
func TestOddNamesAreCharged(t *testing.T) {
	p := pair{code: testCode(t)}
	var h held
	for _, c := range []struct {
		name   string
		prefix string
		least  Bits
	}{
		{"nothing", "", bit},
		{"zero bytes", strings.Repeat("\x00", 63), 63 * 8 * bit},
		{"hidden dots", strings.Repeat("A", 63), 63 * 8 * bit},
		{"bytes above 127", strings.Repeat("\xff", 63), 63 * 8 * bit},
		{"empty labels within", "a" + strings.Repeat(".", 100) + "b", 100 * bit},
		{"empty labels behind", "a" + strings.Repeat(".", 100), 99 * bit},
		{"127 labels", strings.TrimSuffix(strings.Repeat("a.", 126), "."), 126 * bit},
		{"addresses", strings.TrimSuffix(strings.Repeat("1.2.3.4.", 28), "."), 28 * 38 * bit},
		{"nothing but empty labels", strings.Repeat(".", 100), 99 * bit},
	} {
		if price := p.code.prefix([]byte(c.prefix), &h); price < c.least {
			t.Errorf("%s: %d bits, at least %d wanted", c.name, price/bit, c.least/bit)
		}
	}
}
