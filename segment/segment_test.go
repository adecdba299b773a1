package segment

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestCutsAsPeopleDo(t *testing.T) {
	for _, tt := range byHand {
		want := strings.Fields(tt.words)
		if got := Split([]byte(tt.prefix)); !slices.Equal(got, want) {
			t.Errorf("Split(%q) = %q, want %q", tt.prefix, got, want)
		}
		if got := Count([]byte(tt.prefix)); got != len(want) {
			t.Errorf("Count(%q) = %d, want %d", tt.prefix, got, len(want))
		}
	}
}

func TestCountHasBounds(t *testing.T) {
	tests := []struct {
		name, prefix string
		want         int
	}{
		{"empty", "", 0},
		{"separators only", ".-_.", 0},
		{"one run of digits", strings.Repeat("7", 300), 1},
		{"every high byte alone", strings.Repeat("\xff", 255), 255},
		{"letters of no word", strings.Repeat("q", 255), 255},
		{"longest cost that is kept", strings.Repeat("x", maxRun), maxRun},
		{"run beyond the longest", strings.Repeat("q", 600), 600},
		{"upper case is not a letter", "MAIL", 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Count([]byte(tt.prefix)); got != tt.want {
				t.Errorf("Count = %d, want %d", got, tt.want)
			}
		})
	}
}

func TestCountDoesNotAllocate(t *testing.T) {
	prefix := []byte("loginmicrosoftonline-youjf34gwid86fih.kundenportal")
	if n := testing.AllocsPerRun(100, func() { Count(prefix) }); n != 0 {
		t.Errorf("%v allocations per call", n)
	}
}

func FuzzCount(f *testing.F) {
	for _, tt := range byHand {
		f.Add([]byte(tt.prefix))
	}
	f.Add(bytes.Repeat([]byte("ab"), 300))
	f.Fuzz(func(t *testing.T, prefix []byte) {
		n, words := Count(prefix), Split(prefix)
		if n < 0 || n > len(prefix) || n != len(words) {
			t.Fatalf("Count(%q) = %d, Split = %q", prefix, n, words)
		}
		bare := strings.NewReplacer(".", "", "-", "", "_", "").Replace(string(prefix))
		if joined := strings.Join(words, ""); joined != bare {
			t.Fatalf("Split(%q) joins to %q", prefix, joined)
		}
	})
}

func BenchmarkCount(b *testing.B) {
	for _, prefix := range []string{
		"www",
		"facebooksecurity",
		"youjf34gwid86fih",
		"zr2dbhyaqmq3edlnxokpuvnyb1hgfj.qmtmoeyqmnvbe2ktyfzwsjrhcqatgwp",
	} {
		b.Run(prefix[:3], func(b *testing.B) {
			p := []byte(prefix)
			b.ReportAllocs()
			for b.Loop() {
				Count(p)
			}
		})
	}
}
