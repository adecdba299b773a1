package autoencoder

// MaxLen is the number of positions the model sees. Longer prefixes are
// clipped: their loss is that of their first MaxLen bytes.
const MaxLen = 64

// Alphabet lists the characters that have an id of their own, in the order of
// their ids, which start at 1. Id 0 pads; the id after the last stands for
// every other byte. The manifest beside a model repeats it.
const Alphabet = "abcdefghijklmnopqrstuvwxyz0123456789-_."

// Symbols is the number of ids: pad, the Alphabet and other.
const Symbols = len(Alphabet) + 2

const (
	pad   = 0
	other = len(Alphabet) + 1
)

// ids maps a byte to its id, upper case folded to lower.
var ids = func() (t [256]uint8) {
	for i := range t {
		t[i] = uint8(other)
	}
	for i := range len(Alphabet) {
		t[Alphabet[i]] = uint8(i + 1)
	}
	for c := 'A'; c <= 'Z'; c++ {
		t[c] = t[c-'A'+'a']
	}
	return t
}()

// Encode writes the ids of an unescaped prefix to dst, padding the rest, and
// returns the number of real positions, at most MaxLen.
func Encode(dst *[MaxLen]uint8, prefix []byte) int {
	n := min(len(prefix), MaxLen)
	for i, c := range prefix[:n] {
		dst[i] = ids[c]
	}
	clear(dst[n:])
	return n
}
