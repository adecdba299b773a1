// Package surprisal tells how many bits a label costs that is spelled by a
// fixed model of benign labels: its surprisal, −log2 Q(label).
//
// Q is an n-gram model (Shannon, A Mathematical Theory of Communication, 1948):
// the product, over the characters of a label and its end, of the probability
// of each after the three before it. The costs that a Model adds up are those
// of a code: in every row the sum of 2^(−cost/Unit) is at most 1, which Decode
// checks, and so it is over all labels. By Kraft's inequality and the source
// coding theorem whoever writes payload as labels, by whatever encoding, gets
// no more bits through, on average, than their labels cost.
//
// Contexts whose characters go on alike share a row of costs. That way all
// contexts of three characters fit in 256 KiB and cost 0.1 % more bits on
// labels of unseen domains than a row for each does.
package surprisal

// Unit is what a bit counts in costs.
const Unit = 16

// MaxLen is the length of the longest label (RFC 1035, section 2.3.4).
const MaxLen = 63

// Alphabet lists the characters that a label can be spelled with, in the order
// of their symbols, which start at 0. Upper case is not among them: labels that
// differ must not have one spelling.
const Alphabet = "abcdefghijklmnopqrstuvwxyz0123456789-_"

// Symbols is the number of symbols: the Alphabet and End.
const Symbols = len(Alphabet) + 1

// End is the symbol behind the last character of a label. In a context it
// stands for the places before the first one.
const End = len(Alphabet)

const (
	before   = 3 // symbols of a context
	contexts = Symbols * Symbols * Symbols
)

// refused marks, in symbols, a byte that is not in the Alphabet. The bits below
// it are then 0, a symbol like any other.
const refused = 1 << 6

var symbols = func() (t [256]uint8) {
	for i := range t {
		t[i] = refused
	}
	for i := range len(Alphabet) {
		t[Alphabet[i]] = uint8(i)
	}
	return t
}()

// Model is a table of costs. It is immutable and safe for concurrent use.
type Model struct {
	// first is where the row of a context begins in costs. A context is its
	// symbols, the oldest first, as a number in base Symbols.
	first [contexts]uint16
	costs []uint8 // rows of Symbols costs each, in 1/Unit bit
}

// Label returns what a label costs, its end included, in 1/Unit bit. It reports
// false for one that cannot be spelled: empty, longer than MaxLen, or with a
// byte outside the Alphabet. It does not allocate.
func (m *Model) Label(label []byte) (cost uint32, ok bool) {
	if len(label) == 0 || len(label) > MaxLen {
		return 0, false
	}
	a, b, c := End, End, End
	var seen uint8
	for _, char := range label {
		s := symbols[char]
		seen |= s
		next := int(s % refused)
		cost += m.cost(a, b, c, next)
		a, b, c = b, c, next
	}
	if seen >= refused {
		return 0, false
	}
	return cost + m.cost(a, b, c, End), true
}

// cost is that of the symbol next after a, b and c.
func (m *Model) cost(a, b, c, next int) uint32 {
	return uint32(m.costs[int(m.first[(a*Symbols+b)*Symbols+c])*Symbols+next])
}

// Costs returns what each symbol costs that follows the beginning of a label,
// in 1/Unit bit; only its last three bytes matter. Costs of the characters of a
// label, each after those before it, and of End add up to that of Label. It
// reports false if one of those three bytes is not in the Alphabet.
func (m *Model) Costs(beginning []byte) (costs [Symbols]uint8, ok bool) {
	context := contexts - 1 // three times End
	for _, char := range beginning[max(0, len(beginning)-before):] {
		s := symbols[char]
		if s >= refused {
			return costs, false
		}
		context = (context*Symbols + int(s)) % contexts
	}
	copy(costs[:], m.costs[int(m.first[context])*Symbols:])
	return costs, true
}

// Symbol returns the symbol of a character. It reports false for a byte that is
// not in the Alphabet.
func Symbol(char byte) (symbol int, ok bool) {
	s := symbols[char]
	return int(s % refused), s < refused
}
