package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The module's own tests have the list as it is published.
func TestRulesAreTheLists(t *testing.T) {
	dir, err := moduleDir()
	if err != nil {
		t.Fatal(err)
	}
	l, err := readList(dir)
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(filepath.Join(dir, "table_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	published, _, _ := strings.Cut(string(source), "var nodeLabels")
	want := map[string]bool{}
	for _, match := range regexp.MustCompile(`(?m)^\t"(.+)",$`).FindAllStringSubmatch(published, -1) {
		want[match[1]] = true
	}
	got := map[string]bool{}
	for _, r := range l.rules {
		got[r.Rule] = true
	}
	if len(want) < 9000 || !maps.Equal(got, want) || len(l.rules) != len(got) {
		t.Errorf("%d rules (%d distinct), the list has %d", len(l.rules), len(got), len(want))
	}
}

func TestReadListSaysWhatIsWrong(t *testing.T) {
	const constants = `package publicsuffix
const version = "v"
const (
	numTLD = 1
	nodesBits = 40
	nodesBitsChildren = 10
	nodesBitsICANN = 1
	nodesBitsTextOffset = 16
	nodesBitsTextLength = 6
	childrenBitsWildcard = 1
	childrenBitsNodeType = 2
	childrenBitsHi = 14
	childrenBitsLo = 14
	nodeTypeNormal = 0
	nodeTypeException = 1
	nodeTypeParentOnly = 2
)`
	node := []byte{0, 0, 1 << 6, 0, 2} // a child index, ICANN bit, offset 0 and two bytes
	tests := []struct {
		name, source          string
		text, nodes, children string
		wantErr               string
		wantRules             []string
	}{
		{"one rule", constants, "ac", string(node), "\x00\x00\x00\x00", "", []string{"ac"}},
		{"wildcard", constants, "ac", string(node), "\x60\x00\x00\x00", "", []string{"*.ac"}},
		{"no Go", "x", "ac", string(node), "\x00\x00\x00\x00", "table.go:1:1", nil},
		{"no version", "package publicsuffix", "ac", string(node), "\x00\x00\x00\x00", "no constant version", nil},
		{"no width", strings.Replace(constants, "nodesBitsICANN", "x", 1), "ac", string(node), "\x00\x00\x00\x00", "no constant nodesBitsICANN", nil},
		{"short text", constants, "a", string(node), "\x00\x00\x00\x00", "node 0 is out of range", nil},
		{"short nodes", constants, "ac", "", "\x00\x00\x00\x00", "no integer 0 in 0 bytes", nil},
		{"short children", constants, "ac", string(node), "", "no integer 0 in 0 bytes", nil},
		{"unknown type", constants, "ac", string(node), "\x30\x00\x00\x00", "node 0 (ac) is of the unknown type 3", nil},
		{"cycle", constants, "ac", string(node), "\x00\x00\x40\x00", "the children of node 0 stand before it", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "data"), 0o777); err != nil {
				t.Fatal(err)
			}
			for name, data := range map[string]string{"table.go": tt.source, "data/text": tt.text, "data/nodes": tt.nodes, "data/children": tt.children} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			l, err := readList(dir)
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) || !strings.Contains(err.Error(), dir) {
					t.Errorf("error %v, want %q", err, tt.wantErr)
				}
				return
			}
			var rules []string
			for _, r := range l.rules {
				rules = append(rules, r.Rule)
			}
			if err != nil || !slices.Equal(rules, tt.wantRules) {
				t.Errorf("rules %q, error %v; want %q", rules, err, tt.wantRules)
			}
		})
	}
}
