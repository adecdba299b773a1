package split

import (
	_ "embed"
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

// suffixAt is where the public suffix of the name begins, as
// publicsuffix.PublicSuffix has it: an address is all suffix, and the last
// label of a name that no rule knows is one.
func suffixAt(name []byte) int {
	if mayBeAddress(name) {
		if _, err := netip.ParseAddr(string(name)); err == nil {
			return 0
		}
	}
	dot := lastDot(name, len(name))
	suffix := dot + 1
	for label := len(name); ; dot = lastDot(name, dot) {
		is := rules[unsafe.String(unsafe.SliceData(name[dot+1:]), len(name)-dot-1)]
		switch {
		case is&isException != 0:
			return label + 1
		case is&isSuffix != 0:
			suffix = dot + 1
		}
		if dot < 0 || is&(isWildcard|isParent) == 0 {
			return suffix
		}
		label = dot
		if is&isWildcard != 0 {
			suffix = lastDot(name, dot) + 1
		}
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
