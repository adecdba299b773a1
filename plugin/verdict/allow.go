package verdict

import (
	_ "embed"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/notunnel/notunnel/plugin/domain"
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
	// roots has the shapes of the last two labels of domains that have two: a name that
	// ends in none of these needs to be looked at no further.
	roots [256]uint32
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
func (l *AllowList) Add(entry, reason string) error {
	name, err := domain.Canonical(entry)
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
	if last := strings.LastIndexByte(name, '.'); last >= 0 {
		root := name[strings.LastIndexByte(name[:last], '.')+1:]
		l.roots[len(root)%len(l.roots)] |= 1 << (root[0] % 32)
	}
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
	return domain.ReadLines(r, name, l.Add)
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

// First are the first n entries by name, each with the reason it is there.
func (l *AllowList) First(n int) iter.Seq2[string, string] {
	return func(yield func(domain, reason string) bool) {
		names := slices.Sorted(maps.Keys(l.domains))
		for _, name := range names[:min(n, len(names))] {
			if !yield(name, l.domains[name]) {
				return
			}
		}
	}
}

// Covers reports whether the name, in canonical form, is on the list or below an
// entry of it. It does not allocate.
func (l *AllowList) Covers(name []byte) bool {
	_, ok := l.find(name)
	return ok
}

// Entry is the entry that covers the name, and the reason it is there. It returns false
// if there is none.
func (l *AllowList) Entry(name []byte) (domain, reason string, ok bool) {
	entry, ok := l.find(name)
	return string(entry), l.domains[string(entry)], ok
}

// find is the part of the name that is an entry.
func (l *AllowList) find(name []byte) (entry []byte, ok bool) {
	at := len(name)
	for depth := range l.depth {
		for at--; at >= 0 && name[at] != '.'; at-- {
		}
		end := name[at+1:]
		if depth == 1 && len(end) > 0 && l.roots[len(end)%len(l.roots)]>>(end[0]%32)&1 == 0 {
			return nil, false
		}
		if len(end) > 0 && l.shapes[len(end)%len(l.shapes)]>>(end[0]%32)&1 != 0 {
			if _, ok := l.domains[string(end)]; ok {
				return end, true
			}
		}
		if at < 0 {
			break
		}
	}
	return nil, false
}
