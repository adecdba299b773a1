package verdict

import (
	"bufio"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/publicsuffix"
)

func TestRules(t *testing.T) {
	rules := Rules{Floor: Evidence{Events: 6, Information: 150}}
	for _, c := range []struct {
		name       string
		is         Case
		want       Verdict
		wantGround Ground
		wantScope  string
	}{
		{"below the threshold", Case{Scored: true, Score: 0.899, Evidence: Evidence{60, 4000}}, Pass, NoGround, ""},
		{"at the threshold", Case{Scored: true, Score: 0.9, Evidence: Evidence{6, 150}}, Block, Model, "example.com"},
		{"too few events", Case{Scored: true, Score: 1, Evidence: Evidence{5, 4000}}, Watch, NoGround, ""},
		{"too few bytes", Case{Scored: true, Score: 1, Evidence: Evidence{60, 149}}, Watch, NoGround, ""},
		{"no score was due", Case{Score: 1, Evidence: Evidence{60, 4000}}, Pass, NoGround, ""},
		{"flagged", Case{Flagged: Model, Scope: []byte("t.example.com")}, Block, Model, "t.example.com"},
		{"flagged, whatever the score", Case{Flagged: Model, Scope: []byte("example.com"), Scored: true}, Block, Model, "example.com"},
		{"over its budget", Case{Over: Budget, Scored: true}, Block, Budget, "example.com"},
		{"over the client's budget", Case{Over: ClientBudget}, Block, ClientBudget, "example.com"},
		{"nothing", Case{}, Pass, NoGround, ""},
	} {
		c.is.Threshold = 0.9
		if c.is.Scope == nil {
			c.is.Scope = []byte("example.com")
		}
		if got := rules.On(&c.is); got.Verdict != c.want || got.Ground != c.wantGround || string(got.Scope) != c.wantScope {
			t.Errorf("%s: %v, ground %q, scope %q", c.name, got.Verdict, got.Ground, got.Scope)
		}
	}
}

func TestCovers(t *testing.T) {
	var l AllowList
	for _, d := range []string{"example.com", "A.B.Example.ORG.", "xn--bcher-kva.example"} {
		if err := l.Add(d, "test"); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]bool{
		"example.com":                true,
		"deep.below.example.com":     true,
		"notexample.com":             false,
		"example.com.evil.net":       false,
		"com":                        false,
		"":                           false,
		"a.b.example.org":            true,
		"x.a.b.example.org":          true,
		"b.example.org":              false,
		"a.xn--bcher-kva.example":    true,
		".example.com":               true,
		"a.b.c.d.e.f.g.example.com":  true,
		"a.b.c.d.e.f.g.example.comx": false,
	} {
		if got := l.Covers([]byte(name)); got != want {
			t.Errorf("Covers(%q) = %v", name, got)
		}
	}
	if (&AllowList{}).Covers([]byte("example.com")) {
		t.Error("an empty list covers example.com")
	}
	if n := testing.AllocsPerRun(100, func() { l.Covers([]byte("some.name.below.example.com")) }); n > 0 {
		t.Errorf("Covers allocates %v times", n)
	}
}

// An entry is what people write; what counts is what queries carry.
func TestAddTakesWhatQueriesCarry(t *testing.T) {
	for domain, want := range map[string]string{
		"Example.COM.":             "example.com",
		"bücher.example":           "xn--bcher-kva.example",
		"BÜCHER.example":           "xn--bcher-kva.example",
		"пример.рф":                "xn--e1afmkfd.xn--p1ai",
		"bücher。example":           "xn--bcher-kva.example", // the ideographic full stop
		"xn--bcher-kva.example":    "xn--bcher-kva.example",
		"_domainkey.example":       "_domainkey.example",
		"r3---sn-4g5e6nez.example": "r3---sn-4g5e6nez.example",
		"-x-.example":              "-x-.example",
		"com":                      "com",
	} {
		var l AllowList
		if err := l.Add(domain, "test"); err != nil {
			t.Errorf("%s: %v", domain, err)
		} else if !l.Covers([]byte("below." + want)) {
			t.Errorf("%s does not cover %s", domain, want)
		}
	}
}

func TestAddRefusesWhatNoQueryIsBelow(t *testing.T) {
	for domain, want := range map[string]string{
		"":                    "is not a domain",
		".":                   "is not a domain",
		".example":            "is not a domain",
		"a..example":          "is not a domain",
		"*.example":           "is not a domain",
		"example.com:53":      "is not a domain",
		"https:example.com":   "is not a domain",
		"a.example,b.example": "is not a domain",
		`"example"`:           "is not a domain",
		`a\.example`:          "is not a domain",
		"10.0.0.1":            "exempt",
		"2001:db8::1":         "exempt",
		"bü cher.example":     "is not a domain",
		"bücher-" + strings.Repeat("x", 60) + ".example": "is not a domain",
	} {
		var l AllowList
		if err := l.Add(domain, "test"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", domain, err, want)
		}
		if l.Len() != 0 {
			t.Errorf("%q is on the list", domain)
		}
	}
}

func TestEqual(t *testing.T) {
	list := func(entries ...string) *AllowList {
		l := &AllowList{}
		for i := 0; i < len(entries); i += 2 {
			l.Add(entries[i], entries[i+1])
		}
		return l
	}
	one := list("a.example", "why", "b.example", "")
	for _, c := range []struct {
		name  string
		other *AllowList
		want  bool
	}{
		{"the same in another order", list("b.example", "", "A.example", "why"), true},
		{"one less", list("a.example", "why"), false},
		{"another reason", list("a.example", "why not", "b.example", ""), false},
		{"nothing", list(), false},
	} {
		if got := one.Equal(c.other); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestUnion(t *testing.T) {
	var a, b AllowList
	a.Add("a.example", "")
	b.Add("x.y.z.b.example", "")
	all := Union(&a, &b)
	if all.Len() != 2 || !all.Covers([]byte("a.example")) || !all.Covers([]byte("q.x.y.z.b.example")) {
		t.Errorf("the union of two lists lacks some of %d entries", all.Len())
	}
	if a.Covers([]byte("x.y.z.b.example")) {
		t.Error("a list was changed by a union")
	}
}

func TestAddFile(t *testing.T) {
	for _, c := range []struct {
		name, text string
		entries    int
		wantErr    string
	}{
		{"entries and comments", "# head\n\nexample.com  # why\n  example.net\t\n", 2, ""},
		{"no end of line", "example.com", 1, ""},
		{"CRLF", "example.com\r\nexample.net\r\n", 2, ""},
		{"wildcard", "example.com\n*.example.net\n", 0, `allow:2: "*.example.net" is not a domain`},
		{"two on a line", "example.com example.net\n", 0, "allow:1: "},
		{"empty label", "a..example\n", 0, "allow:1: "},
		{"label too long", strings.Repeat("a", 64) + ".example\n", 0, "allow:1: "},
		{"endless line", "a\n" + strings.Repeat("a", 1<<17), 0, "allow:2: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "allow")
			if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			var l AllowList
			err := l.AddFile(file)
			if c.wantErr == "" && (err != nil || l.Len() != c.entries) {
				t.Errorf("%d entries, error %v; want %d", l.Len(), err, c.entries)
			}
			if c.wantErr != "" && (err == nil || !strings.Contains(err.Error(), c.wantErr)) {
				t.Errorf("error %v, want %s", err, c.wantErr)
			}
		})
	}
	if err := new(AllowList).AddFile("/nonexistent/allow"); err == nil || !strings.Contains(err.Error(), "/nonexistent/allow") {
		t.Errorf("a missing file gives %v", err)
	}
}

// reasonForm is a reason and the year in which the service was last known to run.
var reasonForm = regexp.MustCompile(`^[^;]{10,}; (20[0-9]{2})$`)

// Every shipped entry has a reason and a year, stands once, under no other entry,
// and is no registry's suffix.
func TestShipped(t *testing.T) {
	seen := map[string]bool{}
	lines := bufio.NewScanner(strings.NewReader(shipped))
	for lines.Scan() {
		domain, reason, _ := strings.Cut(lines.Text(), "#")
		if domain = strings.TrimSpace(domain); domain == "" {
			continue
		}
		if form := reasonForm.FindStringSubmatch(strings.TrimSpace(reason)); form == nil {
			t.Errorf("%s: %q is not a reason that ends with a year, as \"what it is; 2026\"", domain, reason)
		} else if year, _ := strconv.Atoi(form[1]); year > time.Now().Year() {
			t.Errorf("%s was last seen in %d, which is to come", domain, year)
		}
		if seen[domain] {
			t.Errorf("%s stands there twice", domain)
		}
		seen[domain] = true
		if suffix, icann := publicsuffix.PublicSuffix(domain); suffix == domain && icann {
			t.Errorf("%s is a registry's suffix: anyone could run a server under it", domain)
		}
	}
	for domain := range seen {
		for _, parent, more := strings.Cut(domain, "."); more; _, parent, more = strings.Cut(parent, ".") {
			if seen[parent] {
				t.Errorf("%s is below %s, which covers it", domain, parent)
			}
		}
	}
	if l := Shipped(); l.Len() != len(seen) || l.Len() == 0 {
		t.Errorf("%d entries of %d were read", l.Len(), len(seen))
	}
}

// Names that share an end with an entry, or nearly, are covered exactly if the entry is
// the name or ends it behind a dot.
func TestCoversAgreesWithSuffixes(t *testing.T) {
	r, alphabet := rand.New(rand.NewPCG(1, 2)), "ab."
	random := func() string {
		b := make([]byte, 1+r.IntN(7))
		for i := range b {
			b[i] = alphabet[r.IntN(len(alphabet))]
		}
		return string(b)
	}
	for range 300 {
		var l AllowList
		var entries []string
		for range 1 + r.IntN(4) {
			if e := random(); l.Add(e, "test") == nil {
				entries = append(entries, strings.TrimSuffix(e, "."))
			}
		}
		for range 100 {
			name, want := random(), false
			for _, e := range entries {
				want = want || name == e || strings.HasSuffix(name, "."+e)
			}
			if l.Covers([]byte(name)) != want {
				t.Fatalf("%q of %q: %v, want %v", name, entries, !want, want)
			}
		}
	}
}
