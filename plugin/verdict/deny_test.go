package verdict

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/notunnel/notunnel/plugin/split"
)

// denied reads a file.
func denied(t testing.TB, text string, allow *AllowList) (*DenyList, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "deny.txt")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	b := NewDenyBuilder(allow)
	err := b.AddFile(path)
	return b.List(), err
}

func canonical(name string) []byte {
	var n split.Name
	n.Parse(name)
	return append([]byte(nil), n.Full()...)
}

const policyZone = `; a response policy zone
$TTL 300
$ORIGIN rpz.example.
@ SOA ns.example. root.example. 1 3600 600 86400 300
  NS localhost.
bad.com CNAME .
*.bad.com CNAME .
nodata.com CNAME *.
dropped.com CNAME rpz-drop.
*.only-below.com CNAME .
good.bad.com CNAME rpz-passthru.
old.bad.com CNAME old.bad.com.
tcp.com CNAME rpz-tcp-only.
www.search.com CNAME safe.search.com.
garden.com A 192.0.2.1
32.1.2.0.192.rpz-ip CNAME .
32.1.2.0.192.rpz-client-ip CNAME .
ns.evil.com.rpz-nsdname CNAME .
outside.com. CNAME .
* CNAME .
weird\.dot.com CNAME .
`

func TestDenyFiles(t *testing.T) {
	for _, c := range []struct {
		name, text      string
		covered, passes string // what is, and what is not after a bar
	}{
		{"plain", "# list\nBad.com\n*.under.org # why\nxn--bcher-kva.example.\n",
			"bad.com www.bad.com a.b.bad.com x.under.org xn--bcher-kva.example | notbad.com com under.org bad.com.org", "| bad.com"},
		{"a top level", "zip\n", "zip a.zip a.b.zip | zip.com", "|"},
		{"below a top level", "*.zip\n", "a.zip a.b.zip | zip", "|"},
		{"hosts", "127.0.0.1 localhost\n0.0.0.0 0.0.0.0\n0.0.0.0 bad.com two.net # both\n:: three.org\n::1 ip6-localhost\n",
			"bad.com two.net three.org | www.bad.com localhost ip6-localhost", "|"},
		{"both", "plain.com\n0.0.0.0 host.com\n", "www.plain.com host.com | www.host.com", "|"},
		{"policy zone", policyZone,
			`bad.com www.bad.com nodata.com dropped.com x.only-below.com weird\.dot.com | only-below.com x.nodata.com search.com www.search.com garden.com tcp.com outside.com com weird.dot.com`,
			"good.bad.com old.bad.com | bad.com x.good.bad.com"},
		{"policy zone without an origin", "@ 60 IN SOA a. b. 1 2 3 4 5\nbad.com 60 IN CNAME .\n", "bad.com | www.bad.com", "|"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := denied(t, c.text, nil)
			if err != nil {
				t.Fatal(err)
			}
			check := func(what, names string, has func(name []byte) bool) {
				is, not, _ := strings.Cut(names, "|")
				for want, names := range map[bool]string{true: is, false: not} {
					for _, name := range strings.Fields(names) {
						if has(canonical(name)) != want {
							t.Errorf("%s is %s: %v, want %v", name, what, !want, want)
						}
					}
				}
			}
			check("denied", c.covered, func(name []byte) bool { _, ok := l.Covers(name); return ok })
			check("exempted", c.passes, l.Passes)
		})
	}
}

func TestDenyFilesCountWhatTheyLeaveOut(t *testing.T) {
	l, err := denied(t, policyZone, nil)
	if want := (LeftOut{Triggers: 4, Actions: 4}); err != nil || l.LeftOut() != want {
		t.Errorf("%+v, error %v; want %+v", l.LeftOut(), err, want)
	}
	l, err = denied(t, "127.0.0.1 localhost localhost.localdomain x.org\n", nil)
	if want := (LeftOut{Hosts: 2}); err != nil || l.LeftOut() != want {
		t.Errorf("%+v, error %v; want %+v", l.LeftOut(), err, want)
	}
}

func TestBadDenyFilesNameTheLine(t *testing.T) {
	for text, want := range map[string]string{
		"good.com\nbad*line\n":       `deny.txt:2: "bad*line" is not a domain`,
		"good.com\n||ads.com^\n":     "deny.txt:2: ",
		"good.com\nhost name here\n": "deny.txt:2: ",
		"10.0.0.1\n":                 "deny.txt:1: ",
		"*.\n":                       "deny.txt:1: ",
		"$TTL 60\n@ SOA a. b. 1 2 3 4 5\nx A y z\n": "deny.txt",
		"$TTL 60\nbad CNAME .\n":                    "begins with its SOA",
		"$TTL 60\n":                                 "begins with its SOA",
	} {
		if _, err := denied(t, text, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

func TestAllowedAndDeniedIsTold(t *testing.T) {
	allow := &AllowList{}
	for _, name := range []string{"both.com", "part.denied.org", "apart.net"} {
		if err := allow.Add(name, ""); err != nil {
			t.Fatal(err)
		}
	}
	l, err := denied(t, "both.com\nwww.both.com\ndenied.org\nother.com\n", allow)
	both := l.Allowed()
	if err != nil || both.Count != 3 || !strings.Contains(both.String(), "both.com, www.both.com, part.denied.org") {
		t.Errorf("%v, error %v", both, err)
	}
}

// A set says of any name what a map with the same entries says.
func TestDenyListAgreesWithAMap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	name := func() string { // from few enough labels that they meet
		labels := make([]string, 1+r.IntN(5))
		for i := range labels {
			labels[i] = string(rune('a' + r.IntN(4)))
		}
		return strings.Join(labels, ".")
	}
	for range 200 {
		whole, under := map[string]bool{}, map[string]bool{}
		b := NewDenyBuilder(nil)
		for range r.IntN(12) {
			entry := name()
			under[entry] = true
			if r.IntN(2) == 0 {
				entry = "*." + entry
			} else {
				whole[entry] = true
			}
			if err := b.Add(entry); err != nil {
				t.Fatal(err)
			}
		}
		l := b.List()
		for range 200 {
			asked := name()
			want := whole[asked]
			for rest := asked; !want && strings.Contains(rest, "."); want = under[rest] {
				_, rest, _ = strings.Cut(rest, ".")
			}
			scope, ok := l.Covers([]byte(asked))
			if ok != want || ok && !(strings.HasSuffix(asked, string(scope)) && (whole[string(scope)] || under[string(scope)])) {
				t.Fatalf("%s: %v by %q, want %v; entries %v, below %v", asked, ok, scope, want, whole, under)
			}
		}
	}
}

// million is half domains and half hosts.
func million(tb testing.TB) *DenyList {
	b := NewDenyBuilder(nil)
	for i := range 1_000_000 {
		entry := fmt.Sprintf("bad-domain-%d.org", i)
		if i%2 == 0 {
			entry = fmt.Sprintf("host-%d.some-domain-%d.example%d.com", i, i/3, i%7)
		}
		if err := b.Add(entry); err != nil {
			tb.Fatal(err)
		}
	}
	return b.List()
}

// A million entries fit, and a look-up takes nothing from the heap.
func TestMillionDenied(t *testing.T) {
	memory := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := memory()
	l := million(t)
	size := memory() - before
	if denied, _ := l.Len(); denied != 1_000_000 || size > 32<<20 {
		t.Errorf("%d entries take %d bytes, want a million in 32 MiB", denied, size)
	}
	names := [][]byte{[]byte("x.host-4.some-domain-1.example4.com"), []byte("www.bad-domain-5.org"), []byte("www.ordinary.org"), []byte("www.example5.com")}
	if n := testing.AllocsPerRun(100, func() {
		for _, name := range names {
			l.Covers(name)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	runtime.KeepAlive(l)
}

func BenchmarkDenyMillion(b *testing.B) {
	l := million(b)
	for name, form := range map[string]string{
		"another domain": "www.shop.ordinary-site-%d.org", "a sister": "www.other-%d.some-domain-4.example4.com", "denied": "www.bad-domain-%d.org",
	} {
		names := make([][]byte, 1<<16)
		for i := range names {
			names[i] = fmt.Appendf(nil, form, i*7919%500_000*2+1)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				l.Covers(names[i%len(names)])
			}
		})
	}
}

// Whatever a file says, it is read or refused with an error that names it.
func FuzzDenyFile(f *testing.F) {
	f.Add(policyZone)
	f.Add("a.com\n*.b.com\n0.0.0.0 c.com\n")
	f.Add("$GENERATE 1-3 a$ CNAME .\n")
	f.Add("$INCLUDE /etc/passwd\n")
	f.Fuzz(func(t *testing.T, text string) {
		b := NewDenyBuilder(nil)
		if err := b.read(strings.NewReader(text), "deny.txt"); err != nil && !strings.Contains(err.Error(), "deny.txt") {
			t.Errorf("%v does not name the file", err)
		}
		l := b.List()
		l.Covers([]byte("www.example.com"))
		l.Passes([]byte("www.example.com"))
	})
}
