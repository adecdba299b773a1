package feature

import "bytes"

// Shape is what is measured of a prefix as a whole.
type Shape struct {
	Len     int // unescaped bytes, dots included
	Labels  int // 0 of an empty prefix
	Longest int // bytes of the longest label
}

// ShapeOf takes the measures of a prefix (lower-cased, unescaped, at most 255 bytes).
func ShapeOf(prefix []byte) (s Shape) {
	s.Len = len(prefix)
	for start := 0; s.Len > 0 && start <= s.Len; s.Labels++ {
		end := bytes.IndexByte(prefix[start:], '.')
		if end < 0 {
			end = s.Len - start
		}
		s.Longest = max(s.Longest, end)
		start += end + 1
	}
	return s
}

// Text is what is measured of a text by its characters: of what is new in a prefix.
type Text struct {
	Len     int     // bytes, dots included
	Entropy float32 // H, bits
	Chars   [Classes]uint8
}

// Measure takes the measures of a text of at most 255 bytes. It does not allocate.
func Measure(text []byte) (t Text) {
	t.Len = len(text)
	for _, c := range text {
		if class := classOf[c]; class != noClass {
			t.Chars[class]++
		}
	}
	t.Entropy = entropy(t.Chars[:])
	return t
}

// Digits is how many of the characters are digits.
func (t *Text) Digits() (n int) {
	for _, count := range t.Chars[classDigit:classHyphen] {
		n += int(count)
	}
	return n
}
