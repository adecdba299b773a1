// Package psltest has the rules of the public suffix list, and a walk over them
// that is as plain as the list's own words, for tests to compare with.
package psltest

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Rule is a rule as the list writes it, and whether it is of the private part.
type Rule struct {
	Text    string
	Private bool
}

// Base is the rule without "*." or "!".
func (r Rule) Base() string {
	return strings.TrimPrefix(strings.TrimPrefix(r.Text, "*."), "!")
}

// Rules reads the rules that the module's own tests go by, which are not
// what the table is made of: they are the list itself, ICANN's part first.
func Rules(tb testing.TB) []Rule {
	tb.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "golang.org/x/net").Output()
	if err != nil {
		tb.Fatalf("go list -m golang.org/x/net: %v", err)
	}
	f, err := os.Open(filepath.Join(strings.TrimSpace(string(dir)), "publicsuffix", "table_test.go"))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	var rules []Rule
	icann, inside := 0, false
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if count, ok := strings.CutPrefix(line, "const numICANNRules = "); ok {
			for _, digit := range count {
				icann = 10*icann + int(digit-'0')
			}
		}
		if inside && line == "}" {
			break
		}
		if inside {
			rules = append(rules, Rule{Text: strings.Trim(line, `",`), Private: len(rules) >= icann})
		}
		inside = inside || strings.HasPrefix(line, "var rules = ")
	}
	if icann == 0 || len(rules) <= icann {
		tb.Fatalf("%s: %d rules, %d of them ICANN's: look how it writes them now", f.Name(), len(rules), icann)
	}
	return rules
}

// Suffix is that of a name, as package psl has it.
type Suffix struct {
	Start, Base int
	Private     bool
}

// Reference finds suffixes as https://publicsuffix.org/list/ words it, with
// maps of the rules and no thought of speed. The maps are by base: a label of a
// name may well be "*" or begin with "!".
type Reference struct{ Plain, wildcard, exception map[string]Rule }

// NewReference makes one of rules.
func NewReference(rules []Rule) Reference {
	ref := Reference{map[string]Rule{}, map[string]Rule{}, map[string]Rule{}}
	for _, r := range rules {
		switch {
		case strings.HasPrefix(r.Text, "*."):
			ref.wildcard[r.Base()] = r
		case strings.HasPrefix(r.Text, "!"):
			ref.exception[r.Base()] = r
		default:
			ref.Plain[r.Base()] = r
		}
	}
	return ref
}

// Of looks at all rules that match the name. An exception prevails, else the
// rule with the most labels, else "*".
func (ref Reference) Of(name string) Suffix {
	labels := strings.Split(name, ".")
	suffix, most := Suffix{Start: begin(labels, 1), Base: begin(labels, 1)}, 0
	for at := range labels {
		count := len(labels) - at
		base := strings.Join(labels[at:], ".")
		if r, ok := ref.exception[base]; ok {
			// "Modify it by removing the leftmost label."
			start := begin(labels, count-1)
			return Suffix{Start: start, Base: start, Private: r.Private}
		}
		if r, ok := ref.Plain[base]; ok && count > most {
			suffix, most = Suffix{Start: begin(labels, count), Base: begin(labels, count), Private: r.Private}, count
		}
		if r, ok := ref.wildcard[strings.Join(labels[at+1:], ".")]; ok && count > most {
			suffix, most = Suffix{Start: begin(labels, count), Base: begin(labels, count-1), Private: r.Private}, count
		}
	}
	return suffix
}

// begin is where the last count labels of a name begin.
func begin(labels []string, count int) (at int) {
	for _, l := range labels[:len(labels)-count] {
		at += len(l) + 1
	}
	return at
}
