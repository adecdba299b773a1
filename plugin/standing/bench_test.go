package standing

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Many names in random order, half of them on the list, and a map beside it.
func BenchmarkOf(b *testing.B) {
	var names [][]byte
	plain := plainMap(b)
	for name := range plain {
		names = append(names, []byte(name), []byte("x"+name))
	}
	random := rand.New(rand.NewPCG(1, 2))
	random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	shipped := Shipped()
	b.Run("list", func(b *testing.B) {
		b.ReportAllocs()
		at := 0
		for b.Loop() {
			shipped.Of(names[at])
			if at++; at == len(names) {
				at = 0
			}
		}
	})
	b.Run("map", func(b *testing.B) {
		b.ReportAllocs()
		at := 0
		for b.Loop() {
			_ = plain[string(names[at])]
			if at++; at == len(names) {
				at = 0
			}
		}
	})
}

// million is a file like Tranco's.
func million(tb testing.TB) string {
	tb.Helper()
	var text strings.Builder
	random := rand.New(rand.NewPCG(1, 2))
	for rank := range 1000000 {
		fmt.Fprintf(&text, "%d,%s%d.com\r\n", rank+1, "abcdefghijklmnopqrst"[:1+random.IntN(10)], rank)
	}
	file := filepath.Join(tb.TempDir(), "million.csv")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		tb.Fatal(err)
	}
	return file
}

func BenchmarkReadMillion(b *testing.B) {
	file := million(b)
	b.ReportAllocs()
	var before, after runtime.MemStats
	var l *List
	for b.Loop() {
		l = nil
		runtime.GC()
		runtime.ReadMemStats(&before)
		var err error
		if l, err = Read(file); err != nil {
			b.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	popular, _ := l.Len()
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(popular), "bytes/domain")
	b.ReportMetric(float64(l.table.Longest()), "in-a-bucket")
}
