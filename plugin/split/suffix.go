package split

import (
	_ "embed"
	"math/bits"
	"net/netip"
	"strings"
	"unsafe"
)

// The rules of the Public Suffix List, one a line: a suffix, "*." before a
// suffix to which any one more label belongs, "!" before an exception from that.
//
//go:generate go run ./suffixes
//go:embed suffixes.txt
var suffixRules string

// rule is what the list says of a name.
type rule uint8

const (
	isSuffix    rule = 1 << iota
	isException      // of the wildcard above it
	isWildcard       // any label before it is part of the suffix
	isParent         // rules lie below it
)

// rules has every name that a rule names or lies below.
var rules = func() map[string]rule {
	all := make(map[string]rule, 1<<14)
	for line := range strings.Lines(suffixRules) {
		name, is := strings.TrimSuffix(line, "\n"), isSuffix
		if rest, ok := strings.CutPrefix(name, "*."); ok {
			name, is = rest, isWildcard
		} else if rest, ok := strings.CutPrefix(name, "!"); ok {
			name, is = rest, isException
		}
		all[name] |= is
		for _, parent, ok := strings.Cut(name, "."); ok; _, parent, ok = strings.Cut(parent, ".") {
			all[parent] |= isParent
		}
	}
	return all
}()

// known has a bit for the hash of each name in rules: most names end in nothing
// that is there, and a look at the map itself would have to wait for memory.
var known = func() (set [1 << 11]uint64) {
	for name := range rules {
		var h uint32
		for i := len(name) - 1; i >= 0; i-- {
			h = mix(h, name[i])
		}
		word, bit := place(h)
		set[word] |= bit
	}
	return set
}()

// mix hashes a name from its end.
func mix(h uint32, c byte) uint32 { return bits.RotateLeft32(h, 5) ^ uint32(c) }

func place(h uint32) (word int, bit uint64) {
	h *= 0x9E3779B9 // 2³²/φ
	return int(h >> 21), 1 << (h >> 15 % 64)
}

// suffixAt is where the public suffix of the name begins, as
// publicsuffix.PublicSuffix has it: an address is all suffix, and the last
// label of a name that no rule knows is one.
func suffixAt(name []byte) int {
	if mayBeAddress(name) {
		if _, err := netip.ParseAddr(string(name)); err == nil {
			return 0
		}
	}
	var h uint32
	suffix, label, wildcard := -1, len(name), false
	for {
		begin := label
		for begin > 0 && name[begin-1] != '.' {
			begin--
			h = mix(h, name[begin])
		}
		if suffix < 0 || wildcard {
			suffix = begin
		}
		var is rule
		if word, bit := place(h); known[word]&bit != 0 {
			is = rules[unsafe.String(unsafe.SliceData(name[begin:]), len(name)-begin)]
		}
		switch {
		case is&isException != 0:
			return label + 1
		case is&isSuffix != 0:
			suffix = begin
		}
		wildcard = is&isWildcard != 0
		if begin == 0 || is&(isWildcard|isParent) == 0 {
			return suffix
		}
		label = begin - 1
		h = mix(h, '.')
	}
}

// lastDot is the index of the last dot before end, -1 if there is none.
func lastDot(name []byte, end int) int {
	for end--; end >= 0 && name[end] != '.'; end-- {
	}
	return end
}

// mayBeAddress tells names apart that are no IP address: those end in a digit
// or have a colon in them.
func mayBeAddress(name []byte) bool {
	if last := name[len(name)-1]; digit(last) {
		return true
	}
	for _, c := range name {
		if c == ':' {
			return true
		}
	}
	return false
}
