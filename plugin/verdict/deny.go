package verdict

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/notunnel/notunnel/plugin/domain"
	"github.com/notunnel/notunnel/plugin/split"
)

// DenyList is a set of domains that are always blocked, and of names that response
// policy zones exempt from being judged (rpz-passthru). It is immutable and safe for
// concurrent use; nil denies nothing.
type DenyList struct {
	denied, passed nameSet
	leftOut        LeftOut
	allowed        Overlap
}

// LeftOut counts what files say that a deny list cannot do.
type LeftOut struct {
	Triggers int // of response policy zones: by address or name server, not by name
	Actions  int // of response policy zones: other answers, and the root
	Hosts    int // names of hosts files that stand for the machine itself
}

func (l LeftOut) sum() int { return l.Triggers + l.Actions + l.Hosts }

// String says so in words, empty if nothing was left out.
func (l LeftOut) String() string {
	if l.sum() == 0 {
		return ""
	}
	return fmt.Sprintf("left out: %d triggers that are no names, %d other actions, %d names of the machine itself",
		l.Triggers, l.Actions, l.Hosts)
}

// Overlap is what is denied and allowed as well, and so allowed.
type Overlap struct {
	Count int
	Names []string // the first few
}

const maxOverlap = 5

func (o *Overlap) add(name string) {
	if o.Count++; len(o.Names) < maxOverlap {
		o.Names = append(o.Names, name)
	}
}

// String says so in words, empty if nothing is on both lists.
func (o *Overlap) String() string {
	if o.Count == 0 {
		return ""
	}
	more := ""
	if n := o.Count - len(o.Names); n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("denied and allowed, and so allowed: %s%s", strings.Join(o.Names, ", "), more)
}

// Covers returns the part of the name that is denied, if it is. It does not allocate;
// name is canonical.
func (l *DenyList) Covers(name []byte) (scope []byte, ok bool) {
	if l == nil {
		return nil, false
	}
	return l.denied.find(name)
}

// Passes reports whether a response policy zone exempts the name. It does not allocate.
func (l *DenyList) Passes(name []byte) bool {
	if l == nil || l.passed.size == 0 {
		return false
	}
	_, ok := l.passed.find(name)
	return ok
}

// Len is the number of entries that deny, and of those that exempt.
func (l *DenyList) Len() (denied, passed int) {
	if l == nil {
		return 0, 0
	}
	return l.denied.size, l.passed.size
}

// LeftOut is what the files say besides.
func (l *DenyList) LeftOut() LeftOut { return l.leftOut }

// Allowed is what the builder's allow list covers.
func (l *DenyList) Allowed() Overlap { return l.allowed }

// DenyBuilder collects the entries of a deny list.
type DenyBuilder struct {
	denied, passed *nameSetBuilder
	allow          *AllowList
	leftOut        LeftOut
	allowed        Overlap
}

// NewDenyBuilder begins without entries. What the allow list, which may be nil, covers
// is told apart.
func NewDenyBuilder(allow *AllowList) *DenyBuilder {
	if allow == nil {
		allow = &AllowList{}
	}
	return &DenyBuilder{denied: newNameSetBuilder(), passed: newNameSetBuilder(), allow: allow}
}

// Add denies a domain with all below it, or for *.domain all below it alone.
func (b *DenyBuilder) Add(entry string) error {
	r := itself | below
	if under, ok := strings.CutPrefix(entry, "*."); ok {
		entry, r = under, below
	}
	name, err := domain.Canonical(entry)
	if err != nil {
		return err
	}
	b.deny(name, r)
	return nil
}

// AddScope denies a name in canonical form with all below it.
func (b *DenyBuilder) AddScope(name string) { b.denied.add([]byte(name), itself|below) }

func (b *DenyBuilder) deny(name string, r reach) {
	b.denied.add([]byte(name), r)
	if b.allow.Covers([]byte(name)) {
		b.allowed.add(split.Text([]byte(name)))
	}
}

// List is the list of what was added. The builder is of no use after that.
func (b *DenyBuilder) List() *DenyList {
	l := &DenyList{denied: b.denied.build(), passed: b.passed.build(), leftOut: b.leftOut, allowed: b.allowed}
	for name := range b.allow.domains {
		if scope, ok := l.denied.find([]byte(name)); ok && len(scope) < len(name) {
			l.allowed.add(split.Text([]byte(name)))
		}
	}
	return l
}

// addLine takes in a line of a plain list or of a hosts file.
func (b *DenyBuilder) addLine(text string) error {
	fields := strings.Fields(text)
	if len(fields) == 1 {
		return b.Add(fields[0])
	}
	if _, err := netip.ParseAddr(fields[0]); err != nil {
		return fmt.Errorf("%q is neither a domain nor a line of a hosts file", text)
	}
	for _, host := range fields[1:] {
		if own(host) {
			b.leftOut.Hosts++
			continue
		}
		name, err := domain.Canonical(host)
		if err != nil {
			return err
		}
		b.deny(name, itself)
	}
	return nil
}

// own reports whether a name of a hosts file stands for the machine itself: hosts files
// for blocking begin with those of the file that they replace.
func own(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil || !strings.Contains(strings.TrimSuffix(host, "."), ".") || host == "localhost.localdomain"
}
