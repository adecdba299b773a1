package escape

import (
	"fmt"
	"testing"
)

func TestNext(t *testing.T) {
	for _, c := range []struct {
		text string
		want byte
		next int
	}{
		{"ab", 'a', 1},
		{`\ab`, 'a', 2},
		{`\.b`, '.', 2},
		{`\\b`, '\\', 2},
		{`\097b`, 'a', 4},
		{`\000`, 0, 4},
		{`\255`, 255, 4},
	} {
		if got, next, err := Next(c.text, 0); got != c.want || next != c.next || err != nil {
			t.Errorf("Next(%q) = %d, %d, %v; want %d, %d", c.text, got, next, err, c.want, c.next)
		}
	}
	for _, text := range []string{`\`, `\1`, `\12`, `\1a2`, `\12a`, `\256`, `\999`} {
		if got, next, err := Next(text, 0); err != ErrMalformed {
			t.Errorf("Next(%q) = %d, %d, %v; want ErrMalformed", text, got, next, err)
		}
	}
}

func TestAppend(t *testing.T) {
	for text, want := range map[string]string{
		"":                "",
		"plain":           "plain",
		`\097\.\"\255`:    "a.\"\xff",
		`cut\`:            `cut\`,
		`\25`:             `\25`,
		`\999 \097`:       `\999 a`,
		`two\\\\in a row`: `two\\in a row`,
	} {
		if got := Append(nil, text); string(got) != want {
			t.Errorf("Append(%q) = %q, want %q", text, got, want)
		}
	}
}

// Whatever is written by AppendByte is read again.
func TestEveryByteComesBack(t *testing.T) {
	var text []byte
	for c := range 256 {
		text = AppendByte(text, byte(c))
	}
	got := Append(nil, text)
	for c := range 256 {
		if got[c] != byte(c) {
			t.Errorf("%d came back as %d", c, got[c])
		}
	}
	if n := testing.AllocsPerRun(100, func() { got = Append(got[:0], text) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

func FuzzAppend(f *testing.F) {
	f.Add(`a\.b\255\`)
	f.Fuzz(func(t *testing.T, s string) {
		if got, same := Append(nil, s), Append(nil, []byte(s)); string(got) != string(same) || len(got) > len(s) {
			t.Errorf("%q gives %q and %q", s, got, fmt.Sprint(same))
		}
	})
}
