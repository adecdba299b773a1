package split

import (
	"fmt"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	v6 := "8.b.d.0.1.0.0.2.ip6.arpa"
	tests := []struct {
		name, in    string
		prefix, sld string
		class       Class
	}{
		{"plain", "www.example.com.", "www", "example.com", Judged},
		{"mixed case", "WwW.ExAmPle.CoM", "www", "example.com", Judged},
		{"bare SLD", "example.com.", "", "example.com", Judged},
		{"two-level suffix", "a.b.example.co.uk.", "a.b", "example.co.uk", Judged},
		{"private suffix", "x.user.duckdns.org.", "x", "user.duckdns.org", Judged},
		{"unknown top level", "a.pirate.sea.", "a", "pirate.sea", Judged},
		{"IDN", "x.xn--bcher-kva.example.", "x", "xn--bcher-kva.example", Judged},
		{"escapes count one byte", `a\200\.b.example.com.`, "a\xc8.b", "example.com", Judged},
		{"escaped letter is lowered", `\065.example.com.`, "a", "example.com", Judged},
		{"dot inside the SLD label", `x.a\.b.com.`, "x.a.b.com", "", NoSLD},
		{"root", ".", "", "", NoSLD},
		{"empty", "", "", "", NoSLD},
		{"single label", "localhost", "localhost", "", NoSLD},
		{"bare suffix", "co.uk.", "co.uk", "", NoSLD},
		{"empty label", "..com", "..com", "", NoSLD},
		{"unfinished escape", `a.example.com\`, "a", `example.com\`, Judged},
		{"/24", "4.3.2.1.in-addr.arpa.", "4", "3.2.1.in-addr.arpa", Local},
		{"RFC 2317", "4.0/25.3.2.1.in-addr.arpa.", "4.0/25", "3.2.1.in-addr.arpa", Local},
		{"short reverse", "1.in-addr.arpa.", "", "1.in-addr.arpa", Local},
		{"not a reverse zone", "xin-addr.arpa.", "", "xin-addr.arpa", Local},
		{"/48", "1.0.0.0.5.4.3.2." + v6, "1.0.0.0", "5.4.3.2." + v6, Local},
		{"mdns", "printer.office.local.", "printer", "office.local", Local},
		{"cluster", "api.ns.svc.cluster.local.", "api.ns.svc", "cluster.local", Local},
		{"home", "a.b.home.arpa.", "a", "b.home.arpa", Local},
		{"test", "x.zone.test.", "x", "zone.test", Local},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			var n Name
			class := n.Parse(tc.in)
			if class != tc.class || string(n.Prefix()) != tc.prefix || string(n.SLD()) != tc.sld {
				t.Errorf("Parse(%q) = %d, prefix %q, SLD %q; want %d, %q, %q",
					tc.in, class, n.Prefix(), n.SLD(), tc.class, tc.prefix, tc.sld)
			}
		})
	}
}

func TestParseTooLong(t *testing.T) {
	var n Name
	if got := n.Parse(strings.Repeat("a.", 200) + "example.com."); got != NoSLD || len(n.Full()) != 0 {
		t.Errorf("a name of 411 bytes gave class %d and %d bytes, want NoSLD and none", got, len(n.Full()))
	}
	longest := strings.Repeat(strings.Repeat("a", 49)+".", 4) + strings.Repeat("b", 41) + ".example.com"
	if got := n.Parse(longest + "."); got != Judged || len(n.Full()) != MaxName {
		t.Errorf("a name of %d bytes gave class %d and %d bytes", len(longest), got, len(n.Full()))
	}
}

func TestOnlyCapitalsAreLowered(t *testing.T) {
	for c := range 256 {
		for at := range 8 {
			var word [8]byte
			word[at] = byte(c)
			want := word
			want[at] = lower[c]
			if lowerWords(word[:]); word != want {
				t.Errorf("byte %d in place %d gave %v", c, at, word)
			}
		}
	}
}

// The two ways to write a name agree, at every length.
func TestEscapesChangeNothing(t *testing.T) {
	for size := range 260 {
		name := strings.Repeat("Abc-9.", 50)[:size] + "q.Example.com."
		var plain, escaped Name
		a, b := plain.Parse(name), escaped.Parse(strings.Replace(name, "q", `\113`, 1))
		if a != b || string(plain.Full()) != string(escaped.Full()) || string(plain.SLD()) != string(escaped.SLD()) {
			t.Errorf("%q: class %d and %q, with an escape %d and %q", name, a, plain.Full(), b, escaped.Full())
		}
	}
}

func TestKnownNamesAllocateNothing(t *testing.T) {
	var n Name
	for _, name := range []string{
		"Www.Example.Co.uk.", `a\.b\200.example.com.`, "4.3.2.1.in-addr.arpa.", "\\001.0.0.ip6.arpa.", "a.b.c.kawasaki.jp.", "x.unheard.of.",
	} {
		n.Parse(name)
		if got := testing.AllocsPerRun(100, func() { n.Parse(name) }); got != 0 {
			t.Errorf("Parse(%q) allocates %v times, want none", name, got)
		}
	}
}

// A name is cut as the list says, the first time and when it is remembered,
// whoever else has had its place meanwhile.
func TestCutsAreThoseOfTheList(t *testing.T) {
	for round := range 3 {
		for i := range 4 << cutBits {
			name := fmt.Sprintf("host%d.site%d.%s", i, i%7, []string{"com", "co.uk", "c.kobe.jp", "github.io"}[i%4])
			if got, want := cutOf([]byte(name)), lookUp([]byte(name)); got != want {
				t.Fatalf("round %d: cut of %q is %d, want %d", round, name, got, want)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"a.example.com.", `\.\..com`, `\25`, "..", strings.Repeat(`\255`, 260)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var n Name
		class := n.Parse(s)
		if class != NoSLD && len(n.SLD()) == 0 {
			t.Errorf("Parse(%q): class %d without an SLD", s, class)
		}
		if len(n.Full()) > MaxName {
			t.Errorf("Parse(%q): %d bytes", s, len(n.Full()))
		}
	})
}

func BenchmarkParse(b *testing.B) {
	var n Name
	for b.Loop() {
		n.Parse("cdn-17.Static.Example.co.uk.")
	}
}
