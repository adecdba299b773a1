package keyhash

import (
	"hash/maphash"
	"strings"
	"testing"
)

// The first vectors of the reference implementation: key 00…0f, messages 00, 00 01, ….
func TestSumIsSipHash(t *testing.T) {
	var k Key
	for i := range k {
		k[i] = byte(i)
	}
	var message []byte
	for size, want := range []uint64{0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a, 0x85676696d7fb7e2d} {
		if got := k.Sum(message); got != want {
			t.Errorf("%d bytes: %#x, want %#x", size, got, want)
		}
		message = append(message, byte(size))
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
