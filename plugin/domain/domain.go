// Package domain reads domains as people write them in files and options, and
// brings them to the form that queries carry.
package domain

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Limits of RFC 1035, section 2.3.4, in bytes, without the root dot.
const (
	maxName  = 253
	maxLabel = 63
)

// unicode brings names of any script to the form that queries carry, and names
// of services (_tcp) are names as well.
var unicode = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false))

// Canonical is the domain as queries carry it: lower case, no root dot, other
// scripts as xn--… (RFC 5890). What no query could be below is an error.
func Canonical(domain string) (string, error) {
	if _, err := netip.ParseAddr(domain); err == nil {
		return "", fmt.Errorf("%q is an address, not a domain: clients are named by exempt", domain)
	}
	name := strings.ToLower(strings.TrimSuffix(domain, "."))
	if strings.ContainsFunc(name, func(r rune) bool { return r >= utf8.RuneSelf }) {
		// Only then: its rules would refuse hosts that exist, such as r3---sn….
		var err error
		if name, err = unicode.ToASCII(name); err != nil {
			return "", fmt.Errorf("%q is not a domain: %w", domain, err)
		}
	}
	if !valid(name) {
		return "", fmt.Errorf("%q is not a domain", domain)
	}
	return name, nil
}

// valid reports whether a name in lower case is one that hosts and services have.
func valid(name string) bool {
	label := 0 // bytes of the label so far
	for i := range len(name) {
		switch c := name[i]; {
		case c == '.':
			if label == 0 || label > maxLabel {
				return false
			}
			label = 0
			continue
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
		label++
	}
	return 0 < label && label <= maxLabel && len(name) <= maxName
}

const byteOrderMark = "\ufeff"

// ReadLines calls each for every line of a list that has more than a comment,
// which # begins. Space around text and comment is gone, and so is a byte-order
// mark. The error names the list and the line.
func ReadLines(r io.Reader, list string, each func(text, comment string) error) error {
	lines := bufio.NewScanner(r)
	n := 0
	for lines.Scan() {
		n++
		line := lines.Text()
		if n == 1 {
			line = strings.TrimPrefix(line, byteOrderMark)
		}
		text, comment, _ := strings.Cut(line, "#")
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		if err := each(text, strings.TrimSpace(comment)); err != nil {
			return fmt.Errorf("%s:%d: %w", list, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s:%d: %w", list, n+1, err)
	}
	return nil
}
