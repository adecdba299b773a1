package verdict

import (
	"bufio"
	_ "embed"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/miekg/dns"
	"golang.org/x/net/idna"
)

// AllowList is a set of domains that are never judged; an entry covers itself
// and all names below it. It is immutable once it is in use, and then safe for
// concurrent use.
type AllowList struct {
	domains map[string]string // canonical domain to the reason it is here
	depth   int               // labels of the longest entry
	// shapes has, for each length of a domain, the first bytes that there are,
	// modulo 32: most names end in nothing of a shape that is listed, and need
	// no look-up.
	shapes [256]uint32
}

//go:embed allow.txt
var shipped string

// Shipped is the list of benign services known to look like tunnels. Each
// entry's reason stands beside it in allow.txt.
func Shipped() *AllowList {
	list := &AllowList{}
	if err := list.read(strings.NewReader(shipped), "allow.txt"); err != nil {
		panic(err) // the file is part of the program, and a test reads it
	}
	return list
}

// Add puts a domain on the list, with the reason why. A domain that no query
// could be below is an error.
func (l *AllowList) Add(domain, reason string) error {
	name, err := canonical(domain)
	if err != nil {
		return err
	}
	l.put(name, reason)
	return nil
}

// put adds a domain in canonical form.
func (l *AllowList) put(name, reason string) {
	if l.domains == nil {
		l.domains = make(map[string]string)
	}
	l.domains[name] = reason
	l.depth = max(l.depth, strings.Count(name, ".")+1)
	l.shapes[len(name)%len(l.shapes)] |= 1 << (name[0] % 32)
}

// unicode brings names of any script to the form that queries carry, and names
// of services (_tcp) are names as well.
var unicode = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false))

// canonical is the domain as queries carry it: lower case, no root dot, other
// scripts as xn--… (RFC 5890).
func canonical(domain string) (string, error) {
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
	if _, ok := dns.IsDomainName(name); !ok || name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
		return "", fmt.Errorf("%q is not a domain", domain)
	}
	return name, nil
}

// AddFile adds the domains of a file: one a line, # begins a comment. The
// error names file and line.
func (l *AllowList) AddFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("allow list: %w", err)
	}
	defer f.Close()
	return l.read(f, path)
}

func (l *AllowList) read(r io.Reader, name string) error {
	lines := bufio.NewScanner(r)
	n := 0
	for lines.Scan() {
		n++
		domain, reason, _ := strings.Cut(lines.Text(), "#")
		if domain = strings.TrimSpace(domain); domain == "" {
			continue
		}
		if err := l.Add(domain, strings.TrimSpace(reason)); err != nil {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s:%d: %w", name, n+1, err)
	}
	return nil
}

// Union is a list of everything on any of the lists.
func Union(lists ...*AllowList) *AllowList {
	all := &AllowList{}
	for _, l := range lists {
		for domain, reason := range l.domains {
			all.put(domain, reason)
		}
	}
	return all
}

// Equal reports whether two lists have the same entries, for the same reasons.
func (l *AllowList) Equal(other *AllowList) bool { return maps.Equal(l.domains, other.domains) }

// Len is the number of entries.
func (l *AllowList) Len() int { return len(l.domains) }

// Covers reports whether the name, in canonical form, is on the list or below an
// entry of it. It does not allocate.
func (l *AllowList) Covers(name []byte) bool {
	at := len(name)
	for range l.depth {
		for at--; at >= 0 && name[at] != '.'; at-- {
		}
		if end := name[at+1:]; len(end) > 0 && l.shapes[len(end)%len(l.shapes)]>>(end[0]%32)&1 != 0 {
			if _, ok := l.domains[string(end)]; ok {
				return true
			}
		}
		if at < 0 {
			break
		}
	}
	return false
}
