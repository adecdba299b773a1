package split

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/notunnel/notunnel/plugin/escape"
	"github.com/notunnel/notunnel/plugin/split/psl/psltest"
)

// presented is a name of labels in presentation form, each byte plain or escaped
// as the choices say.
func presented(labels [][]byte, choice func() int) string {
	var text []byte
	for _, l := range labels {
		for _, c := range l {
			switch plain := c > ' ' && c < 0x7f && c != '.' && c != '\\'; {
			case plain && choice()%4 > 0:
				text = append(text, c)
			case choice()%2 == 0 && (c < '0' || c > '9'):
				text = append(text, '\\', c)
			default:
				text = escape.AppendByte(text, c)
			}
		}
		text = append(text, '.')
	}
	return string(text)
}

// canonicalOf writes labels the plain way.
func canonicalOf(labels [][]byte) string {
	var parts []string
	for _, l := range labels {
		var part strings.Builder
		for _, c := range l {
			switch {
			case c == '.':
				part.WriteByte(HiddenDot)
			case 'A' <= c && c <= 'Z':
				part.WriteByte(c + 'a' - 'A')
			default:
				part.WriteByte(c)
			}
		}
		parts = append(parts, part.String())
	}
	return strings.Join(parts, ".")
}

func fits(labels [][]byte) bool {
	size := -1
	for _, l := range labels {
		size += 1 + len(l)
	}
	return size <= MaxName
}

// randomLabel is one of any bytes, often of those that mean something elsewhere.
func randomLabel(r *rand.Rand) []byte {
	const special = ":%[]/@.\\*!_-0123456789abcdefABCDEF\x00\xff"
	label := make([]byte, 1+r.IntN(1+r.IntN(maxLabel)))
	for i := range label {
		if label[i] = byte(r.Uint32()); r.IntN(2) == 0 {
			label[i] = special[r.IntN(len(special))]
		}
	}
	return label
}

// For labels of any bytes, below every rule of the list and at any depth, the
// name is judged under the SLD that a plain walk over the rules finds.
func TestAnyLabelBelowAnySLDIsJudgedUnderIt(t *testing.T) {
	rules := psltest.Rules(t)
	ref, r := psltest.NewReference(rules), rand.New(rand.NewPCG(3, 4))
	for _, rule := range rules {
		base := rule.Base()
		if rule.Text[0] == '*' {
			base = "any." + base
		}
		if isLocal([]byte(base[strings.LastIndexByte(base, '.')+1:])) || below([]byte(base), "arpa") {
			continue
		}
		suffix := bytes.Split([]byte(base), []byte("."))
		for range 3 {
			labels := suffix
			for depth := 1 + r.IntN(1+r.IntN(120)); depth > 0; depth-- {
				next := append([][]byte{randomLabel(r)}, labels...)
				if !fits(next) {
					break
				}
				labels = next
			}
			holdsCut(t, ref, labels, r)
		}
	}
}

// holdsCut compares Parse with the reference.
func holdsCut(t *testing.T, ref psltest.Reference, labels [][]byte, r *rand.Rand) {
	t.Helper()
	text, want := presented(labels, r.Int), canonicalOf(labels)
	suffix := ref.Of(want)
	var n Name
	class := n.Parse(text)
	if string(n.Full()) != want {
		t.Fatalf("Parse(%q) has the canonical form %q, want %q", text, n.Full(), want)
	}
	if suffix.Start == 0 {
		if class != NoSLD || len(n.SLD()) != 0 {
			t.Fatalf("Parse(%q) = %d, SLD %q: it is a bare suffix", text, class, n.SLD())
		}
		return
	}
	cut := strings.LastIndexByte(want[:suffix.Start-1], '.') + 1
	if class != Judged || string(n.SLD()) != want[cut:] || string(n.Prefix()) != strings.TrimSuffix(want[:cut], ".") {
		t.Fatalf("Parse(%q) = %d, prefix %q, SLD %q; want prefix %q, SLD %q", text, class, n.Prefix(), n.SLD(), want[:cut], want[cut:])
	}
	second := ""
	if suffix.Private || suffix.Base != suffix.Start {
		second = want[suffix.Base:]
	}
	if string(n.Second()) != second {
		t.Fatalf("Parse(%q): second key %q, want %q", text, n.Second(), second)
	}
}

// The longest names there are: 255 bytes on the wire, of the fewest and of the most
// labels.
func TestLongestNames(t *testing.T) {
	ref, r := psltest.NewReference(psltest.Rules(t)), rand.New(rand.NewPCG(5, 6))
	for c := range 256 {
		var most, fewest [][]byte
		for range 125 {
			most = append(most, []byte{byte(c)})
		}
		most = append(most, []byte("a"), []byte("b")) // 127 labels
		for _, size := range []int{63, 63, 63, 57, 3} {
			fewest = append(fewest, bytes.Repeat([]byte{byte(c)}, size))
		}
		fewest[4] = []byte("com")
		for _, labels := range [][][]byte{most, fewest} {
			if text := canonicalOf(labels); len(text) != MaxName {
				t.Fatalf("%d bytes, not the longest", len(text))
			}
			holdsCut(t, ref, labels, r)
		}
	}
}

// FuzzParse takes labels of any bytes, with their lengths as on the wire, and
// compares the cut with the plain walk.
func FuzzParse(f *testing.F) {
	ref := psltest.NewReference(psltest.Rules(f))
	for _, name := range []string{"a.example.com", "::%a.example.co.uk", "[::1].x.duckdns.org", "1.2.3.4", "\x00\xff.com"} {
		var wire []byte
		for label := range strings.SplitSeq(name, ".") {
			wire = append(append(wire, byte(len(label))), label...)
		}
		f.Add(wire, uint64(1))
	}
	f.Fuzz(func(t *testing.T, wire []byte, seed uint64) {
		var labels [][]byte
		for wire = wire[:min(len(wire), MaxName+2)]; len(wire) > 0; {
			size := min(int(wire[0])%(maxLabel+1), len(wire)-1)
			if label := wire[1 : 1+size]; size > 0 {
				labels = append(labels, label)
			}
			wire = wire[1+size:]
		}
		for len(labels) > 0 && !fits(labels) {
			labels = labels[1:]
		}
		if len(labels) == 0 {
			return
		}
		last := strings.ToLower(string(labels[len(labels)-1]))
		if last == "arpa" || isLocal([]byte(last)) {
			return // rules of their own: FuzzText takes those
		}
		holdsCut(t, ref, labels, rand.New(rand.NewPCG(seed, 0)))
	})
}

// FuzzText takes any text for a name: what comes out holds together.
func FuzzText(f *testing.F) {
	for _, s := range []string{"a.example.com.", `\.\..com`, `\25`, "..", strings.Repeat(`\255`, 260), "x.4.3.2.8.in-addr.arpa", "a..b.com", `\`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var n, again Name
		class := n.Parse(s)
		if len(n.Full()) > MaxName {
			t.Errorf("Parse(%q): %d bytes", s, len(n.Full()))
		}
		if hasSLD := class == Judged || class == Local || class == Reverse; hasSLD != (len(n.SLD()) > 0) {
			t.Errorf("Parse(%q): class %d, SLD %q", s, class, n.SLD())
		}
		if whole := string(n.Prefix()) + "." + string(n.SLD()); len(n.SLD()) > 0 && whole != string(n.Full()) && whole != "."+string(n.Full()) {
			t.Errorf("Parse(%q): prefix %q, SLD %q, whole %q", s, n.Prefix(), n.SLD(), n.Full())
		}
		if second := n.Second(); !bytes.HasSuffix(n.Full(), second) {
			t.Errorf("Parse(%q): second key %q of %q", s, second, n.Full())
		}
		if class == Malformed {
			if len(n.Full()) != 0 {
				t.Errorf("Parse(%q): malformed, but %q is left", s, n.Full())
			}
			return
		}
		// What is written of a name is that name.
		if text := Text(n.Full()); again.Parse(text) != class || !bytes.Equal(again.Full(), n.Full()) || !bytes.Equal(again.SLD(), n.SLD()) {
			t.Errorf("%q is written as %q, which is %q", s, text, again.Full())
		}
	})
}
