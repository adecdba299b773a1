// Package split takes a query name apart into its effective second-level
// domain (SLD) and the prefix before it, the two things everything else in
// notunnel is keyed and measured by.
//
// The SLD follows the Public Suffix List that golang.org/x/net/publicsuffix
// carries (its version is pinned by go.mod, so that training and serving split
// alike), private part included. Reverse zones are cut where networks are
// delegated: in-addr.arpa at the /24, ip6.arpa at the /48.
package split

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// MaxName is the longest name in bytes, unescaped and without the root dot.
const MaxName = 253

// Class says whether a name is judged.
type Class uint8

const (
	// Judged names have an SLD of the public tree.
	Judged Class = iota
	// NoSLD names are a single label, a bare public suffix, the root, or not a
	// name at all.
	NoSLD
	// Local names are special-use: they have an SLD, but no authority on the
	// Internet ever sees them, so they are counted and never blocked.
	Local
)

// Name is a query name in canonical form: lower case, escapes decoded, no
// trailing dot. The zero value is ready for Parse; it holds no pointers and
// is meant to live on the stack. Not safe for concurrent use.
type Name struct {
	buf  [MaxName + 3]byte
	size int // bytes of the name
	cut  int // where the SLD begins
}

// Parse reads a name in presentation form (as miekg/dns prints it, any case)
// and classifies it. After NoSLD, SLD is empty and
// Prefix is the whole name.
func (n *Name) Parse(s string) Class {
	size, dots := n.canonical(s)
	n.size, n.cut = size, size
	if size <= 0 {
		n.size, n.cut = 0, 0
		return NoSLD
	}
	class := n.split(dots > 0)
	if dots > 0 {
		name := n.buf[:size]
		for i, c := range name {
			if c == hiddenDot {
				name[i] = '.'
			}
		}
	}
	return class
}

// split finds the cut. The suffix list cannot tell an escaped dot from a
// separator, so they are hidden while it looks. No registry delegates such a
// label, so an SLD with one is none.
func (n *Name) split(hidden bool) Class {
	name := n.buf[:n.size]
	if cut, ok := reverseCut(name); ok {
		n.cut = cut
		return Local
	}
	cut := cutOf(name)
	if cut == noSLD || hidden && bytes.IndexByte(name[cut:], hiddenDot) >= 0 {
		return NoSLD
	}
	n.cut = cut
	if isLocal(name) {
		return Local
	}
	return Judged
}

// Full is the whole name. It is valid until the next Parse.
func (n *Name) Full() []byte { return n.buf[:n.size] }

// SLD is the effective second-level domain, empty after NoSLD. It is valid
// until the next Parse.
func (n *Name) SLD() []byte { return n.buf[n.cut:n.size] }

// Prefix is the name without SLD and without the dot between them; empty for
// a bare SLD. It is valid until the next Parse.
func (n *Name) Prefix() []byte {
	if n.cut == n.size {
		return n.buf[:n.size]
	}
	return n.buf[:max(n.cut-1, 0)]
}

// hiddenDot stands for a dot inside a label while the name is being split.
// A real byte of that value becomes a dot as well: one such byte more or less
// changes no measure.
const hiddenDot = 0

// canonical writes the name into buf and returns its size, -1 when it is too
// long, and how many dots stand inside labels.
func (n *Name) canonical(s string) (size, dots int) {
	if strings.IndexByte(s, '\\') < 0 { // nearly always: four times as fast
		if len(s) > MaxName+1 {
			return -1, 0
		}
		size = copy(n.buf[:], s)
		lowerWords(n.buf[:(size+7)&^7])
	} else if size, dots = n.decode(s); size < 0 {
		return -1, 0
	}
	if size > 0 && n.buf[size-1] == '.' {
		size--
	}
	if size > MaxName {
		return -1, 0
	}
	return size, dots
}

// decode is canonical for a name with escapes, but for the root dot.
func (n *Name) decode(s string) (size, dots int) {
	for i := 0; i < len(s); i++ {
		if size > MaxName {
			return -1, 0
		}
		c := lower[s[i]]
		if c == '\\' {
			c, i = Unescape(s, i)
			if c == '.' || c == hiddenDot {
				dots++
				c = hiddenDot
			}
			c = lower[c]
		}
		n.buf[size] = c
		size++
	}
	return size, dots
}

// lowerWords brings A to Z to lower case, eight bytes at a time; what is left of
// the last eight stays as it is.
func lowerWords(b []byte) {
	const all = 0x0101010101010101 // a byte in every place
	for ; len(b) >= 8; b = b[8:] {
		w := binary.LittleEndian.Uint64(b)
		seven := w & (0x7f * all)
		fromA, afterZ := seven+(0x80-'A')*all, seven+(0x7f-'Z')*all // in the top bits
		upper := fromA &^ afterZ &^ w & (0x80 * all)
		binary.LittleEndian.PutUint64(b, w|upper>>2) // 'a' - 'A' is 0x80 >> 2
	}
}

// Unescape decodes the escape at s[i] (RFC 1035, section 5.1: \DDD or \X) and
// returns the byte and the index of the escape's last character.
func Unescape(s string, i int) (byte, int) {
	if i+3 < len(s) && digit(s[i+1]) && digit(s[i+2]) && digit(s[i+3]) {
		return (s[i+1]-'0')*100 + (s[i+2]-'0')*10 + (s[i+3] - '0'), i + 3
	}
	if i+1 < len(s) {
		return s[i+1], i + 1
	}
	return s[i], i
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// lower maps A to Z to lower case and leaves every other byte alone.
var lower = func() (t [256]byte) {
	for i := range t {
		t[i] = byte(i)
	}
	for c := 'A'; c <= 'Z'; c++ {
		t[c] = byte(c) + 'a' - 'A'
	}
	return t
}()
