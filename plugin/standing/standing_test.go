package standing

import (
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/notunnel/notunnel/plugin/domain"
	"github.com/notunnel/notunnel/plugin/split"
)

// source is slds.txt as a plain map, which knows nothing of the table or of
// never.txt.
func source(tb testing.TB) map[string]Standing {
	tb.Helper()
	all := map[string]Standing{}
	eachLine(tb, "slds.txt", func(line string) {
		name, lists, _ := strings.Cut(line, "\t")
		all[name] = Listed
		if len(lists) > 1 {
			all[name] = Popular
		}
	})
	return all
}

func eachLine(tb testing.TB, file string, each func(line string)) {
	tb.Helper()
	f, err := os.Open(file)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	err = domain.ReadLines(f, file, func(line, _ string) error { each(line); return nil })
	if err != nil {
		tb.Fatal(err)
	}
}

// plainMap is the standing that each SLD should have: slds.txt less never.txt.
func plainMap(tb testing.TB) map[string]Standing {
	tb.Helper()
	all := source(tb)
	eachLine(tb, "never.txt", func(never string) {
		for name := range all {
			if name == never || strings.HasSuffix(name, "."+never) {
				delete(all, name)
			}
		}
	})
	for name := range all {
		if sld(name) != name {
			delete(all, name)
		}
	}
	return all
}

func sld(name string) string {
	var n split.Name
	if n.Parse(name) != split.Judged {
		return ""
	}
	return string(n.SLD())
}

// Every entry, and what becomes of it by one change or by names around it.
func TestOfIsThatOfAPlainMap(t *testing.T) {
	want, shipped := plainMap(t), Shipped()
	random := rand.New(rand.NewPCG(1, 2))
	popular := 0
	for name, standing := range want {
		if standing == Popular {
			popular++
		}
		changed := []byte(name)
		changed[random.IntN(len(name))] ^= 1 << random.IntN(8)
		at := random.IntN(len(name))
		for _, n := range []string{
			name, string(changed), name[:at] + name[at+1:], name[:at] + "a" + name[at:],
			"www." + name, name + ".", strings.ToUpper(name), name[strings.IndexByte(name, '.')+1:],
			name + "\x00", "x" + name, name + ".evil.example",
		} {
			if got := shipped.Of([]byte(n)); got != want[n] {
				t.Fatalf("Of(%q) = %v, want %v", n, got, want[n])
			}
		}
	}
	if p, l := shipped.Len(); p != popular || l != len(want)-popular {
		t.Errorf("%d popular and %d listed; want %d and %d", p, l, popular, len(want)-popular)
	}
}

func TestStandingOfWellKnownDomains(t *testing.T) {
	tests := []struct {
		sld  string
		want Standing
	}{
		{"google.com", Popular}, {"wikipedia.org", Popular}, {"microsoft.com", Popular},
		{"bbc.co.uk", Popular}, {"akamai.com", Popular}, {"amazonaws.com", Popular},
		{"rspamd.com", Listed}, {"nextdns.io", Listed}, {"dsce9.akamaiedge.net", Listed},
		{"", Unknown}, {"com", Unknown}, {"co.uk", Unknown}, {"lab-mirror.net", Unknown},
		{"GOOGLE.COM", Unknown}, {"google.com.", Unknown}, {"www.google.com", Unknown},
		{"githubio.com", Unknown}, {"github.io", Unknown}, {"azureedge.net", Unknown},
		{"eu.org", Unknown}, {"us.kg", Unknown}, {"dedyn.io", Unknown}, {"duckdns.org", Unknown},
		{"interact.sh", Unknown}, {"nip.io", Unknown}, {"2.0.192.in-addr.arpa", Unknown},
		{strings.Repeat("a", 63) + "." + strings.Repeat("b", 63) + "." + strings.Repeat("c", 63) + ".com", Unknown},
	}
	shipped := Shipped()
	for _, tt := range tests {
		if got := shipped.Of([]byte(tt.sld)); got != tt.want {
			t.Errorf("%s is %v, want %v", tt.sld, got, tt.want)
		}
		if got := None().Of([]byte(tt.sld)); got != Unknown {
			t.Errorf("%s is %v on no list", tt.sld, got)
		}
	}
}

// What never.txt names has no standing, nor has the SLD of anything below it.
func TestNever(t *testing.T) {
	shipped, all := Shipped(), source(t)
	eachLine(t, "never.txt", func(never string) {
		for _, name := range []string{never, "a." + never, "b.a." + never} {
			if got := shipped.Of([]byte(sld(name))); got != Unknown {
				t.Errorf("%s is %v", name, got)
			}
		}
		for name := range all {
			if strings.HasSuffix(name, "."+never) && shipped.Of([]byte(name)) != Unknown {
				t.Errorf("%s is %v, and below %s", name, shipped.Of([]byte(name)), never)
			}
		}
	})
}

func TestString(t *testing.T) {
	for s, want := range map[Standing]string{Unknown: "unknown", Listed: "listed", Popular: "popular"} {
		if s.String() != want {
			t.Errorf("%d is %q, want %q", s, s, want)
		}
	}
	var zero Standing
	if zero != Unknown {
		t.Error("the zero value has a standing")
	}
}

func TestOfDoesNotAllocate(t *testing.T) {
	shipped := Shipped()
	for _, name := range []string{"google.com", "lab-mirror.net", strings.Repeat("a", 200)} {
		sld := []byte(name)
		if n := testing.AllocsPerRun(100, func() { shipped.Of(sld) }); n != 0 {
			t.Errorf("Of(%q) allocates %v times", name, n)
		}
	}
}

// The table is part of the program.
func TestTableIsSmall(t *testing.T) {
	if size := len(shippedTable); size > 512<<10 {
		t.Errorf("the table has %d bytes, more than 512 KiB", size)
	}
}
