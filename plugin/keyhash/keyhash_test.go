package keyhash

import (
	"hash/maphash"
	"math"
	"math/bits"
	"math/rand/v2"
	"strings"
	"testing"
)

// Vectors of the reference implementation: key 00…0f, messages 00 01 … of 9 to 12 bytes.
func TestLongSumsAreSipHash(t *testing.T) {
	var k Key
	for i := range k {
		k[i] = byte(i)
	}
	message := []byte{0, 1, 2, 3, 4, 5, 6, 7}
	for i, want := range []uint64{0x9e0082df0ba9e4b0, 0x7a5dbbc594ddb9f3, 0xf4b32f46226bada7, 0x751e8fbc860ee5fb} {
		message = append(message, byte(8+i))
		if got := k.Sum(message); got != want {
			t.Errorf("%d bytes: %#x, want %#x", len(message), got, want)
		}
	}
}

// Of short messages no two have a hash in common, not even half of one more often than
// chance has it, whatever differs: a bit, the order, the length. And each bit of a message
// turns half of the bits of the hash.
func TestShortSumsSpread(t *testing.T) {
	k, r := New(), rand.New(rand.NewPCG(1, 2))
	var messages [][]byte
	for size := range 9 {
		messages = append(messages, make([]byte, size)) // zeros, of each length
		for range 20_000 {
			m := make([]byte, size)
			for i := range m {
				m[i] = "\x00\x01ab019-"[r.IntN(8)]
			}
			messages = append(messages, m)
		}
	}
	for i := range 256 * 256 {
		messages = append(messages, []byte{1, 0, byte(i), byte(i >> 8)}) // addresses
	}
	seen, low, high, collisions := map[uint64]string{}, map[uint32]bool{}, map[uint32]bool{}, 0
	for _, m := range messages {
		h := k.Sum(m)
		if other, ok := seen[h]; ok {
			if other != string(m) {
				t.Fatalf("%q and %q have one hash", other, m)
			}
			continue
		}
		seen[h] = string(m)
		if low[uint32(h)] || high[uint32(h>>32)] {
			collisions++
		}
		low[uint32(h)], high[uint32(h>>32)] = true, true
	}
	n := float64(len(seen))
	if want := 2 * n * n / 2 / (1 << 32); float64(collisions) > want+6*math.Sqrt(want)+6 {
		t.Errorf("of %.0f hashes %d have a half in common, %.1f by chance", n, collisions, want)
	}
	for size := 1; size <= 8; size++ {
		turned, tries := 0, 0
		for range 500 {
			m := make([]byte, size)
			for i := range m {
				m[i] = byte(r.Uint32())
			}
			h, bit := k.Sum(m), r.IntN(8*size)
			m[bit/8] ^= 1 << (bit % 8)
			turned += bits.OnesCount64(h ^ k.Sum(m))
			tries += 64
		}
		if share := float64(turned) / float64(tries); share < 0.48 || share > 0.52 {
			t.Errorf("%d bytes: a bit turns %.3f of the hash", size, share)
		}
	}
}

func TestKeysDiffer(t *testing.T) {
	a, b := New(), New()
	if a == b || a.Sum([]byte("www")) == b.Sum([]byte("www")) {
		t.Error("two keys hash alike")
	}
	saved := Key(append([]byte(nil), a[:]...))
	if saved.Sum([]byte("www")) != a.Sum([]byte("www")) {
		t.Error("a key that was saved hashes differently")
	}
	if n := testing.AllocsPerRun(100, func() { a.Sum([]byte("www.example.com")) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

// BenchmarkSum stands beside maphash, which it has to keep within 20 ns of.
func BenchmarkSum(b *testing.B) {
	text := []byte(strings.Repeat("example.com/", 3))[:32]
	b.Run("siphash", func(b *testing.B) {
		k := New()
		for b.Loop() {
			k.Sum(text)
		}
	})
	b.Run("maphash", func(b *testing.B) {
		seed := maphash.MakeSeed()
		for b.Loop() {
			maphash.Bytes(seed, text)
		}
	})
}
