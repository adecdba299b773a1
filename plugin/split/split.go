// Package split takes a query name apart into its effective second-level
// domain (SLD) and the prefix before it, the two things everything else in
// notunnel is keyed and measured by.
//
// The SLD follows the Public Suffix List, private part included (package psl);
// the tree of arpa has rules of its own (reverse.go). A name is cut as labels
// and nothing else: whatever a byte means to other parsers, here it is a byte.
package split

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/notunnel/notunnel/plugin/escape"
	"github.com/notunnel/notunnel/plugin/split/psl"
)

// Limits of RFC 1035, section 2.3.4, in bytes: MaxName is the longest name,
// unescaped and without the root dot.
const (
	MaxName  = 253
	maxLabel = 63
)

// Class says what becomes of a name.
type Class uint8

const (
	// Judged names have an SLD that a stranger can hold.
	Judged Class = iota
	// Reverse names are PTR-shaped: nothing but an address or a part of one below
	// in-addr.arpa or ip6.arpa. How they look says nothing.
	Reverse
	// NoSLD names are a single label, a bare public suffix or the root.
	NoSLD
	// Local names are special-use: they have an SLD, but no authority on the
	// Internet ever sees them, so they are counted and never blocked.
	Local
	// Malformed names are none: a label of more than 63 bytes, more than 253 bytes in
	// all, a backslash that escapes nothing, or an empty label in the SLD. Before
	// it an empty label is taken as it comes: logs have them that print the dots
	// within labels as they are.
	Malformed
)

// HiddenDot is the byte that stands for a dot within a label. Canonical form
// has no capitals, so that it can stand for nothing else.
const HiddenDot = 'A'

// Name is a query name in canonical form: lower case, escapes decoded, labels
// parted by dots, no trailing dot, HiddenDot for a dot within a label. Two names
// are one to the DNS exactly if their canonical forms are equal. The zero value
// is ready for Parse; it holds no pointers. Not safe for concurrent use.
//
// What its methods return is valid until the next Parse.
type Name struct {
	buf    [MaxName + 3]byte // a multiple of eight, for lower
	size   uint8             // bytes of the name
	cut    uint8             // where the SLD begins
	second uint8             // where the second key begins, noSecond without one
	upper  bool              // it was written with capitals
}

// noSecond is beyond every name.
const noSecond = MaxName + 2

// Parse reads a name in presentation form (as miekg/dns prints it, any case)
// and classifies it. After NoSLD, SLD is empty and Prefix is the whole name;
// after Malformed, both are empty.
func (n *Name) Parse(s string) Class {
	if !n.Read(s) {
		return Malformed
	}
	return n.Split()
}

// Read is the first half of Parse: it brings the name into canonical form. It returns
// false if that is none.
func (n *Name) Read(s string) bool {
	size := n.canonical(s)
	n.size, n.cut, n.second = uint8(max(size, 0)), uint8(max(size, 0)), noSecond
	return size >= 0
}

// Split is the other half: it takes the name apart.
func (n *Name) Split() Class {
	name := n.Full()
	if len(name) == 0 {
		return NoSLD
	}
	last := name[bytes.LastIndexByte(name, '.')+1:]
	if string(last) == "arpa" {
		return n.splitArpa(name)
	}
	suffix := psl.Of(name)
	if suffix.Private || suffix.Base != suffix.Start {
		n.second = uint8(suffix.Base)
	}
	if suffix.Start == 0 {
		return NoSLD
	}
	n.cut = uint8(bytes.LastIndexByte(name[:suffix.Start-1], '.') + 1)
	if len(last) == 0 || int(n.cut) == suffix.Start-1 {
		return n.malformed()
	}
	if isLocal(last) {
		return Local
	}
	return Judged
}

// Parts is where the parts of a name begin, as Split found out.
type Parts uint16

// Parts are those of the name.
func (n *Name) Parts() Parts { return Parts(n.cut)<<8 | Parts(n.second) }

// SplitAt does what Split did with an equal name.
func (n *Name) SplitAt(p Parts) { n.cut, n.second = uint8(p>>8), uint8(p) }

// malformed leaves nothing of a name that turns out to be none.
func (n *Name) malformed() Class {
	n.size, n.cut, n.second = 0, 0, noSecond
	return Malformed
}

// Full is the whole name.
func (n *Name) Full() []byte { return n.buf[:n.size] }

// SLD is the effective second-level domain, empty after NoSLD and Malformed.
func (n *Name) SLD() []byte { return n.buf[n.cut:n.size] }

// Prefix is the name without SLD and without the dot between them; empty for
// a bare SLD.
func (n *Name) Prefix() []byte {
	if n.cut == n.size {
		return n.buf[:n.size]
	}
	return n.buf[:max(int(n.cut)-1, 0)]
}

// Capitals reports whether the text that was read has letters in upper case, other than
// as an escape.
func (n *Name) Capitals() bool { return n.upper }

// Second is the second key of the name, a zone above its SLD that a stranger can
// hold as well: the private suffix that the SLD is registered under, what a wildcard
// of the list is below, or the /16 or /32 of a reverse name. It is empty for most names.
// A bare private suffix has itself.
func (n *Name) Second() []byte {
	if n.second == noSecond {
		return nil
	}
	return n.buf[n.second:n.size]
}

// canonical writes the name into buf and returns its size, -1 if it is no name.
func (n *Name) canonical(s string) (size int) {
	if strings.IndexByte(s, '\\') < 0 { // nearly always: four times as fast
		if len(s) > MaxName+1 {
			return -1
		}
		size = copy(n.buf[:], s)
		n.lower(size)
	} else if size = n.decode(s); size < 0 {
		return -1
	}
	if size > 0 && n.buf[size-1] == '.' {
		size--
	}
	if size > MaxName || !short(n.buf[:size]) {
		return -1
	}
	return size
}

// decode is canonical for a name with escapes, but for labels and root dot.
func (n *Name) decode(s string) (size int) {
	n.upper = false
	for i := 0; i < len(s); size++ {
		if size > MaxName {
			return -1
		}
		c, next, err := escape.Next(s, i)
		if err != nil {
			return -1
		}
		switch {
		case next == i+1:
			n.upper = n.upper || c != lowerOf[c]
			c = lowerOf[c]
		case c == '.':
			c = HiddenDot
		default:
			c = lowerOf[c]
		}
		n.buf[size] = c
		i = next
	}
	return size
}

// short reports whether no label of the name has more than 63 bytes.
func short(name []byte) bool {
	for len(name) > maxLabel {
		dot := bytes.IndexByte(name[:maxLabel+1], '.')
		if dot < 0 {
			return false
		}
		name = name[dot+1:]
	}
	return true
}

// lower brings A to Z to lower case, eight bytes at a time, and notes whether there were
// any. What lies behind the name may change as well.
func (n *Name) lower(size int) {
	const all = 0x0101010101010101 // a byte in every place
	any, last := uint64(0), uint64(0)
	for i := 0; i < size; i += 8 {
		w := binary.LittleEndian.Uint64(n.buf[i : i+8])
		seven := w & (0x7f * all)
		fromA, afterZ := seven+(0x80-'A')*all, seven+(0x7f-'Z')*all // in the top bits
		any |= last
		last = fromA &^ afterZ &^ w & (0x80 * all)
		binary.LittleEndian.PutUint64(n.buf[i:i+8], w|last>>2) // 'a' - 'A' is 0x80 >> 2
	}
	n.upper = any|last<<(-size&7*8) != 0
}

// lowerOf maps A to Z to lower case and leaves every other byte alone.
var lowerOf = func() (t [256]byte) {
	for i := range t {
		t[i] = byte(i)
	}
	for c := 'A'; c <= 'Z'; c++ {
		t[c] = byte(c) + 'a' - 'A'
	}
	return t
}()

// Text writes canonical form, of a name or a part of one, in presentation form
// such that it is safe in a log line: what is not a printable character of
// ASCII, and the few that quote or separate, as \DDD.
func Text(name []byte) string {
	text := make([]byte, 0, len(name)+8)
	for _, c := range name {
		switch {
		case c == HiddenDot:
			text = escape.AppendByte(text, '.')
		case c > ' ' && c < 0x7f && c != '\\' && c != '"' && c != '=':
			text = append(text, c)
		default:
			text = escape.AppendByte(text, c)
		}
	}
	return string(text)
}
