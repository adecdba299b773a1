package psl

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/publicsuffix"

	"github.com/notunnel/notunnel/plugin/split/psl/psltest"
)

func TestOf(t *testing.T) {
	var every strings.Builder // a label with each byte but the dot
	for c := range 256 {
		if c != '.' && every.Len() < 63 {
			every.WriteByte(byte(255 - c))
		}
	}
	tests := []struct {
		name, domain string
		suffix, base string
		private      bool
	}{
		{"top level", "www.example.com", "com", "com", false},
		{"bare", "com", "com", "com", false},
		{"two levels", "a.b.example.co.uk", "co.uk", "co.uk", false},
		{"bare two levels", "co.uk", "co.uk", "co.uk", false},
		{"unlisted", "www.example.unlisted", "unlisted", "unlisted", false},
		{"unlisted and bare", "localhost", "localhost", "localhost", false},
		{"private", "www.user.duckdns.org", "duckdns.org", "duckdns.org", true},
		{"beside a private rule", "user.duckdnz.org", "org", "org", false},
		{"wildcard", "a.b.c.ck", "c.ck", "ck", false},
		{"wildcard without its label", "ck", "ck", "ck", false},
		{"wildcard below a top level", "a.b.kawasaki.jp", "b.kawasaki.jp", "kawasaki.jp", false},
		{"nothing left for the star", "kawasaki.jp", "jp", "jp", false},
		{"exception", "a.city.kawasaki.jp", "kawasaki.jp", "kawasaki.jp", false},
		{"bare exception", "www.ck", "ck", "ck", false},
		{"private wildcard", "a.b.compute.amazonaws.com", "b.compute.amazonaws.com", "compute.amazonaws.com", true},
		{"part of a private rule", "a.compute.amazonaws.com.unlisted", "unlisted", "unlisted", false},
		{"inner node below a public suffix", "compute.amazonaws.com", "com", "com", false},
		{"wildcard within a wildcard", "a.b.ex.futurecms.at", "b.ex.futurecms.at", "ex.futurecms.at", true},
		{"wildcard and inner node", "ex.futurecms.at", "ex.futurecms.at", "futurecms.at", true},
		{"IPv6 zone", "::%a.example.com", "com", "com", false},
		{"IPv6 zone below two levels", "fe80::1%x.co.uk", "co.uk", "co.uk", false},
		{"IPv4 address", "1.2.3.4", "4", "4", false},
		{"hidden dot", "xAco.uk", "uk", "uk", false},
		{"every byte", every.String() + ".co.uk", "co.uk", "co.uk", false},
		{"longest label", "a." + strings.Repeat("b", 63) + ".com", "com", "com", false},
		{"127 labels", strings.Repeat("a.", 126) + "a", "a", "a", false},
		{"zero before a label", "a.\x00com", "\x00com", "\x00com", false},
		{"empty", "", "", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Of([]byte(tt.domain))
			if tt.domain[got.Start:] != tt.suffix || tt.domain[got.Base:] != tt.base || got.Private != tt.private {
				t.Errorf("Of(%q) = %q, base %q, private %v; want %q, %q, %v", tt.domain,
					tt.domain[got.Start:], tt.domain[got.Base:], got.Private, tt.suffix, tt.base, tt.private)
			}
		})
	}
}

// Every rule, what it is made of, and names below it.
func TestOfEveryRule(t *testing.T) {
	rules := psltest.Rules(t)
	ref := psltest.NewReference(rules)
	for _, r := range rules {
		for base := r.Base(); ; {
			for _, below := range []string{"", "a.", "b.a.", "c.b.a.", "*.", "!", "0-"} {
				compare(t, ref, below+base)
			}
			_, rest, more := strings.Cut(base, ".")
			if !more {
				break
			}
			base = rest
		}
	}
}

// Labels of the list, put together at random, and some that are changed.
func TestOfRandomNames(t *testing.T) {
	rules := psltest.Rules(t)
	ref := psltest.NewReference(rules)
	random := rand.New(rand.NewPCG(1, 2))
	var names [][]string
	for _, r := range rules {
		names = append(names, strings.Split(r.Base(), "."))
	}
	for range 200000 {
		labels := slices.Clone(names[random.IntN(len(names))])
		for range random.IntN(3) {
			other := names[random.IntN(len(names))]
			at := random.IntN(len(labels) + 1)
			labels = slices.Insert(labels, at, other[random.IntN(len(other))])
		}
		name := []byte(strings.Join(labels, "."))
		if i := random.IntN(len(name)); random.IntN(4) == 0 && name[i] != '.' {
			name[i] = 'a' + byte(random.IntN(26))
		}
		compare(t, ref, string(name))
	}
}

// compare holds Of against the reference and the module.
func compare(t *testing.T, ref psltest.Reference, name string) {
	t.Helper()
	got := Of([]byte(name))
	if want := Suffix(ref.Of(name)); got != want {
		t.Fatalf("Of(%q) = %+v, by the list's own words %+v", name, got, want)
	}
	plain := withoutAddress(name)
	suffix, icann := publicsuffix.PublicSuffix(plain)
	if start := len(plain) - len(suffix); got.Start != start {
		t.Fatalf("Of(%q) = %+v, the suffix that the module finds begins at %d", name, got, start)
	}
	// That ICANN has the suffix is more than the module can say: it takes it
	// from the last node, which may be one without a rule of its own.
	if _, listed := ref.Plain[lastLabel(name)]; !icann && !got.Private && listed {
		t.Fatalf("Of(%q) = %+v, the module says that it is private", name, got)
	}
}

// withoutAddress replaces labels that no rule has but an address may, for the
// module takes an address as its own suffix.
func withoutAddress(name string) string {
	labels := strings.Split(name, ".")
	for i, l := range labels {
		if strings.Trim(l, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			labels[i] = strings.Repeat("_", len(l))
		}
	}
	last := &labels[len(labels)-1]
	if _, err := netip.ParseAddr(strings.Join(labels, ".")); err == nil {
		*last = strings.Repeat("_", len(*last)) // no top level is a number
	}
	return strings.Join(labels, ".")
}

func lastLabel(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

func TestOfDoesNotAllocate(t *testing.T) {
	for _, bb := range benchmarks {
		name := []byte(bb.domain)
		if n := testing.AllocsPerRun(100, func() { Of(name) }); n != 0 {
			t.Errorf("Of(%q) allocates %v times", bb.domain, n)
		}
	}
}
