// Package segment cuts the prefix of a DNS name into words: the fewer words
// per character, the more the prefix reads like language.
//
// The cut is the cheapest one under a unigram model, found by dynamic
// programming: a word costs the logarithm of its frequency rank (Zipf's law,
// as wordninja does), a letter that belongs to no word costs more than any
// word. The dots, hyphens and underscores of a name divide and are no segment
// themselves, a run of digits is one segment, and every other byte (a byte
// above 0x7f, '=', '+', '/' …) is a segment of its own.
//
// The lexicon covers twelve languages as they are written in host names,
// without accents. It is part of the binary and used as it lies there, so that
// nothing is unpacked at the start.
package segment

// Count returns the number of segments of prefix, 0 ≤ Count ≤ len(prefix).
// The prefix is lower-case and free of escapes. Count is safe for concurrent
// use and does not allocate.
func Count(prefix []byte) int {
	var c cut
	n := 0
	for rest := prefix; len(rest) > 0; {
		size, kind := run(rest)
		switch kind {
		case letters:
			n += c.count(rest[:size])
		case digits, other:
			n++
		}
		rest = rest[size:]
	}
	return n
}

// Split returns the segments that Count counts, in order. Joined they are the
// prefix without its separators.
func Split(prefix []byte) []string {
	var c cut
	var words []string
	for rest := prefix; len(rest) > 0; {
		size, kind := run(rest)
		switch kind {
		case letters:
			c.count(rest[:size])
			for at := 0; at < size; {
				end := at + int(c.size[at])
				words = append(words, string(rest[at:end]))
				at = end
			}
		case digits, other:
			words = append(words, string(rest[:size]))
		}
		rest = rest[size:]
	}
	return words
}

// kind is what a run of bytes is made of.
type kind uint8

const (
	other kind = iota // one byte that is none of the below
	separator
	digits
	letters
)

// run returns the length and kind of the run that rest, which is not empty,
// begins with. Runs of letters end at maxRun.
func run(rest []byte) (int, kind) {
	k := kindOf(rest[0])
	if k == other || k == separator {
		return 1, k
	}
	n := 1
	for n < len(rest) && kindOf(rest[n]) == k && (k == digits || n < maxRun) {
		n++
	}
	return n, k
}

func kindOf(b byte) kind {
	switch {
	case 'a' <= b && b <= 'z':
		return letters
	case '0' <= b && b <= '9':
		return digits
	case b == '.' || b == '-' || b == '_':
		return separator
	}
	return other
}
