package split

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
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
		{"escapes count one byte", `a\200\.b.example.com.`, "a\xc8Ab", "example.com", Judged},
		{"escaped letter is lowered", `\065.example.com.`, "a", "example.com", Judged},
		{"dot inside the SLD label", `x.a\.b.com.`, "x", "aAb.com", Judged},
		{"an address with a zone", "::%a.b.example.com.", "::%a.b", "example.com", Judged},
		{"another one", "fe80::1%eth0.example.com.", "fe80::1%eth0", "example.com", Judged},
		{"an address in brackets", "[::1].example.com.", "[::1]", "example.com", Judged},
		{"an address", "1.2.3.4", "1.2", "3.4", Judged},
		{"a port", "example.com:53", "", "example.com:53", Judged},
		{"a scheme", "https://www.example.com.", "https://www", "example.com", Judged},
		{"root", ".", "", "", NoSLD},
		{"empty", "", "", "", NoSLD},
		{"single label", "localhost", "localhost", "", NoSLD},
		{"bare suffix", "co.uk.", "co.uk", "", NoSLD},
		{"mdns", "printer.office.local.", "printer", "office.local", Local},
		{"cluster", "api.ns.svc.cluster.local.", "api.ns.svc", "cluster.local", Local},
		{"test", "x.zone.test.", "x", "zone.test", Local},
		{"local inside", "x.local.example.com.", "x.local", "example.com", Judged},

		{"empty label", "..com", "", "", Malformed},
		{"nothing but empty labels", "...", "", "", Malformed},
		{"empty SLD label", "a..co.uk.", "", "", Malformed},
		{"empty label of the suffix", "a.b.co..uk.", "", "", Malformed},
		{"empty last label", "example.com..", "", "", Malformed},
		{"empty label in the prefix", "a..b.example.com.", "a..b", "example.com", Judged},
		{"empty first label", ".b.example.com.", ".b", "example.com", Judged},
		{"unfinished escape", `a.example.com\`, "", "", Malformed},
		{"short escape", `\25.example.com.`, "", "", Malformed},
		{"escape of no byte", `\256.example.com.`, "", "", Malformed},
		{"label of 63 bytes", strings.Repeat("a", 63) + ".example.com.", strings.Repeat("a", 63), "example.com", Judged},
		{"label of 64 bytes", strings.Repeat("a", 64) + ".example.com.", "", "", Malformed},
		{"label of 64 bytes in escapes", strings.Repeat(`\.`, 64) + ".example.com.", "", "", Malformed},
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
	if got := n.Parse(strings.Repeat("a.", 200) + "example.com."); got != Malformed || len(n.Full()) != 0 {
		t.Errorf("a name of 411 bytes gave class %d and %d bytes, want Malformed and none", got, len(n.Full()))
	}
	longest := strings.Repeat(strings.Repeat("a", 49)+".", 4) + strings.Repeat("b", 41) + ".example.com"
	if got := n.Parse(longest + "."); got != Judged || len(n.Full()) != MaxName {
		t.Errorf("a name of %d bytes gave class %d and %d bytes", len(longest), got, len(n.Full()))
	}
}

func TestOnlyCapitalsAreLowered(t *testing.T) {
	for c := range 256 {
		for at := range 16 {
			for size := range 17 { // what is behind the name does not count
				var n Name
				n.buf[at] = byte(c)
				want := n.buf
				if at < (size+7)&^7 {
					want[at] = lowerOf[c]
				}
				if n.lower(size); n.buf != want || n.upper != (at < size && lowerOf[c] != byte(c)) {
					t.Errorf("byte %d in place %d of %d gave %v, capitals: %v", c, at, size, n.buf[:16], n.upper)
				}
			}
		}
	}
}

func TestCapitals(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, ".": false, "www.example.com.": false, "www.example.coM.": true, "Www.example.com": true,
		"www.exAmple-of-a-long-name.com.": true, `w\065w.example.com.`: false, `w\065W.example.com.`: true, `w\.A.example.com.`: true, `w\.a.example.com.`: false, `\Aw.example.com.`: false,
	} {
		var n Name
		if n.Parse(strings.Repeat("LONG.", 40) + "com"); !n.Capitals() {
			t.Error("a long name in capitals has none")
		}
		if n.Parse(text); n.Capitals() != want {
			t.Errorf("%q: capitals %v, want %v", text, n.Capitals(), want)
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

func TestText(t *testing.T) {
	for name, want := range map[string]string{
		"":                  "",
		"www.example.com":   "www.example.com",
		"a b":               `a\032b`,
		"new\nline":         `new\010line`,
		"\x00\x7f\x80\xff":  `\000\127\128\255`,
		`back\slash"quote"`: `back\092slash\034quote\034`,
		"sld=x":             `sld\061x`,
		"bücher":            `b\195\188cher`,
		"~!{}":              "~!{}",
		"a dot" + string(rune(HiddenDot)) + "inside": `a\032dot\046inside`,
	} {
		if got := Text([]byte(name)); got != want {
			t.Errorf("Text(%q) = %s, want %s", name, got, want)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	var n Name
	for b.Loop() {
		n.Parse("cdn-17.Static.Example.co.uk.")
	}
}
