package autoencoder

import (
	"strings"
	"testing"
)

func TestEncode(t *testing.T) {
	for _, c := range []struct {
		name, prefix string
		want         []uint8 // of the real positions
	}{
		{"empty", "", nil},
		{"letters and digits", "az09", []uint8{1, 26, 27, 36}},
		{"punctuation", "-_.", []uint8{37, 38, 39}},
		{"upper case", "AZ", []uint8{1, 26}},
		{"other bytes", "\x00@[`{\xff", []uint8{40, 40, 40, 40, 40, 40}},
		{"clipped", strings.Repeat("b", 70), []uint8(strings.Repeat("\x02", 64))},
	} {
		dst := [MaxLen]uint8{63: 99}
		n := Encode(&dst, []byte(c.prefix))
		if n != len(c.want) || string(dst[:n]) != string(c.want) {
			t.Errorf("%s: %d positions %v, want %v", c.name, n, dst[:n], c.want)
		}
		for i, id := range dst[n:] {
			if id != pad {
				t.Errorf("%s: position %d is %d, not padding", c.name, n+i, id)
			}
		}
	}
	if Symbols != 41 {
		t.Errorf("%d symbols, the trained table has 41", Symbols)
	}
}

func FuzzEncode(f *testing.F) {
	f.Add([]byte("www"))
	f.Fuzz(func(t *testing.T, prefix []byte) {
		var dst, again [MaxLen]uint8
		n := Encode(&dst, prefix)
		if n != min(len(prefix), MaxLen) {
			t.Fatalf("%d positions for %d bytes", n, len(prefix))
		}
		for i, id := range dst {
			if (i < n) != (id != pad) || int(id) >= Symbols {
				t.Fatalf("position %d of %d has id %d", i, n, id)
			}
		}
		if Encode(&again, []byte(strings.ToUpper(string(prefix)))); n == len(prefix) && isASCII(prefix) && again != dst {
			t.Fatalf("case of %q changes its ids", prefix)
		}
	})
}

func isASCII(s []byte) bool {
	for _, c := range s {
		if c >= 0x80 {
			return false
		}
	}
	return true
}
