package verdict

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/notunnel/notunnel/plugin/domain"
	"github.com/notunnel/notunnel/plugin/subject"
)

// Allowance says that queries below a domain are not judged, by a person who said so
// while the resolver ran.
type Allowance struct {
	Domain string         // canonical
	Client subject.Client // whose queries; nobody: everyone's
	Since  time.Time
	Until  time.Time // the zero value: until it is taken back
	Reason string
}

// maxReason is the longest reason, in bytes.
const maxReason = 1 << 10

// NewAllowance reads an allowance as people write it. client and reason may be empty;
// for 0 it holds until it is taken back.
func NewAllowance(name, client, reason string, span time.Duration, at time.Time) (a Allowance, err error) {
	a = Allowance{Since: at, Reason: reason}
	if a.Domain, err = domain.Canonical(name); err != nil {
		return a, err
	}
	if client != "" {
		if a.Client, err = subject.ReadClient(client); err != nil {
			return a, err
		}
	}
	switch {
	case len(reason) > maxReason || !utf8.ValidString(reason):
		return a, fmt.Errorf("the reason is no text of at most %d bytes", maxReason)
	case span < 0:
		return a, fmt.Errorf("%v is no time that something can be allowed for", span)
	case span > 0:
		a.Until = at.Add(span)
	}
	return a, nil
}

// holds reports whether the allowance has not run out.
func (a *Allowance) holds(at time.Time) bool { return a.Until.IsZero() || at.Before(a.Until) }

// is reports whether two allowances are about the same.
func (a *Allowance) is(domain string, client subject.Client) bool {
	return a.Domain == domain && a.Client == client
}

// Within reports whether the allowance covers whatever a client asks for below a scope
// in canonical form.
func (a *Allowance) Within(scope string, client *subject.Client) bool {
	return (scope == a.Domain || strings.HasSuffix(scope, "."+a.Domain)) &&
		a.Client.Covers(client)
}

// isFor reports whether the allowance is for a client whose query comes from an address,
// or from a network of which more is not known.
func (a *Allowance) isFor(client *subject.Client, from netip.Prefix) bool {
	if network, ok := a.Client.Network(); ok {
		return network.Bits() <= from.Bits() && network.Contains(from.Addr())
	}
	return a.Client.Covers(client)
}

// Allowances are those that there are. Immutable, and safe for concurrent use; nil has
// none.
type Allowances struct {
	domains map[string][]Allowance
	depth   int // labels of the longest domain
	count   int
}

// maxAllowances is how many there are at most. More domains than that are for a file.
const maxAllowances = 4096

var errManyAllowances = errors.New("there are 4096 allowances: take some back, or put domains into an allow file")

// Any reports whether there are any.
func (l *Allowances) Any() bool { return l != nil && l.count > 0 }

// Covers reports whether the client's query for the name, in canonical form, is not to
// be judged. from is where it comes from, its address or as much as is known. It does not
// allocate.
func (l *Allowances) Covers(name []byte, client *subject.Client, from netip.Prefix, at time.Time) bool {
	if !l.Any() {
		return false
	}
	end := len(name) + 1
	for range l.depth {
		end = bytes.LastIndexByte(name[:end-1], '.') + 1
		for i := range l.domains[string(name[end:])] {
			a := &l.domains[string(name[end:])][i]
			if a.isFor(client, from) && a.holds(at) {
				return true
			}
		}
		if end == 0 {
			break
		}
	}
	return false
}

// With are these and more, in place of what was about the same, without those that have
// run out.
func (l *Allowances) With(at time.Time, more ...Allowance) (*Allowances, error) {
	changed := &Allowances{domains: map[string][]Allowance{}}
	for _, a := range more {
		changed.add(a)
	}
	next := l.keep(func(a *Allowance) bool { return a.holds(at) && !changed.Has(a.Domain, a.Client) })
	for _, a := range more {
		next.add(a)
	}
	if next.count > maxAllowances {
		return nil, errManyAllowances
	}
	return next, nil
}

// Without are these but that for a domain and a client. ok is false if there is none.
func (l *Allowances) Without(domain string, client subject.Client) (_ *Allowances, ok bool) {
	next := l.keep(func(a *Allowance) bool {
		same := a.is(domain, client)
		ok = ok || same
		return !same
	})
	return next, ok
}

// Has reports whether there is one for the domain and the client.
func (l *Allowances) Has(domain string, client subject.Client) bool {
	return l != nil && slices.ContainsFunc(l.domains[domain], func(a Allowance) bool { return a.is(domain, client) })
}

// All are those that hold, by domain.
func (l *Allowances) All(at time.Time) (all []Allowance) {
	if l == nil {
		return nil
	}
	for _, domain := range slices.Sorted(maps.Keys(l.domains)) {
		all = append(all, slices.SortedFunc(slices.Values(l.domains[domain]), func(a, b Allowance) int {
			return a.Client.Compare(&b.Client)
		})...)
	}
	return slices.DeleteFunc(all, func(a Allowance) bool { return !a.holds(at) })
}

// keep are copies of those that are to be kept.
func (l *Allowances) keep(kept func(*Allowance) bool) *Allowances {
	next := &Allowances{domains: map[string][]Allowance{}}
	if l == nil {
		return next
	}
	for _, all := range l.domains {
		for _, a := range all {
			if kept(&a) {
				next.add(a)
			}
		}
	}
	return next
}

func (l *Allowances) add(a Allowance) {
	l.domains[a.Domain] = append(l.domains[a.Domain], a)
	l.depth = max(l.depth, strings.Count(a.Domain, ".")+1)
	l.count++
}
