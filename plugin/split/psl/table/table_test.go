package table

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
)

// find walks from the root along all labels of a name.
func find(t Table, name string) Node {
	var node Node
	for parent, end := Root, len(name); end >= 0; {
		begin, hash := Label([]byte(name), end, parent)
		if node, parent = t.Child(parent, []byte(name[begin:end]), hash); node == 0 {
			return 0
		}
		end = begin - 1
	}
	return node
}

func TestTableFindsItsNodesOnly(t *testing.T) {
	table, stats, err := Build([]Entry{
		{Rule: "com"}, {Rule: "uk"}, {Rule: "co.uk"},
		{Rule: "*.kawasaki.jp"}, {Rule: "!city.kawasaki.jp"},
		{Rule: "*.host.com", Private: true}, {Rule: "host.com", Private: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	if stats.Rules != 7 || stats.Nodes != 7 {
		t.Errorf("%+v, want 7 rules and 7 nodes", stats)
	}
	tests := []struct {
		name                        string
		kind                        Kind
		wildcard, private, children bool
	}{
		{"com", Rule, false, false, true},
		{"uk", Rule, false, false, true},
		{"co.uk", Rule, false, false, false},
		{"jp", Inner, false, false, true},
		{"kawasaki.jp", Inner, true, false, true},
		{"city.kawasaki.jp", Exception, false, false, false},
		{"host.com", Rule, true, true, false},
	}
	for _, tt := range tests {
		n := find(table, tt.name)
		if n == 0 || n.Kind() != tt.kind || n.Wildcard() != tt.wildcard || n.Private() != tt.private || n.HasChildren() != tt.children {
			t.Errorf("%s: %#x, want %+v", tt.name, n, tt)
		}
	}
	for _, name := range []string{"co", "co.com", "kawasaki", "a.kawasaki.jp", "omh", "*", "*.host.com", "o"} {
		if n := find(table, name); n != 0 {
			t.Errorf("%s: %#x, want none", name, n)
		}
	}
}

// A label made to have another one's hash is still another label.
func TestChildComparesText(t *testing.T) {
	table, _, err := Build([]Entry{{Rule: "com"}})
	if err != nil {
		t.Fatal(err)
	}
	_, hash := Label([]byte("com"), 3, Root)
	for _, label := range []string{"cor", "co", strings.Repeat("c", 3+maxLabel+1)} {
		if n, _ := table.Child(Root, []byte(label), hash); n != 0 {
			t.Errorf("%s is taken for com", label)
		}
	}
}

// The hash is the label's, wherever it stands and whatever stands before it.
func TestLabel(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		name := make([]byte, random.IntN(60))
		for i := range name {
			name[i] = byte(random.IntN(256))
			if random.IntN(10) == 0 {
				name[i] = '.' + byte(random.IntN(3)) - 1
			}
		}
		parent := Parent(random.IntN(slots + 1))
		for end := range len(name) + 1 {
			begin, hash := Label(name, end, parent)
			if want := bytes.LastIndexByte(name[:end], '.') + 1; begin != want {
				t.Fatalf("label of %q before %d begins at %d, want %d", name, end, begin, want)
			}
			alone := name[begin:end]
			if at, want := Label(alone, len(alone), parent); at != 0 || hash != want {
				t.Fatalf("label of %q before %d: hash %x, alone %x", name, end, hash, want)
			}
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	many := make([]Entry, slots)
	for i := range many {
		many[i].Rule = strings.Repeat("a", i%50+1) + "." + strings.Repeat("b", i/50%50+1) + "." + strings.Repeat("c", i/2500+1)
	}
	tests := []struct {
		name    string
		rules   []Entry
		wantErr string
	}{
		{"nothing", nil, ""},
		{"no label", []Entry{{Rule: "co..uk"}}, `label "" of rule "co..uk" is not one`},
		{"star inside", []Entry{{Rule: "a.*.uk"}}, `label "*" of rule "a.*.uk" is not one`},
		{"long label", []Entry{{Rule: strings.Repeat("a", 64)}}, "is not one"},
		{"twice", []Entry{{Rule: "uk"}, {Rule: "uk"}}, `rule "uk" is there twice`},
		{"wildcard twice", []Entry{{Rule: "*.uk"}, {Rule: "*.uk"}}, `rule "*.uk" is there twice`},
		{"rule and exception", []Entry{{Rule: "a.uk"}, {Rule: "!a.uk"}}, `rule "!a.uk" is there twice, or with and without an exception`},
		{"exception of a top level", []Entry{{Rule: "!uk"}}, `rule "!uk" leaves no suffix`},
		{"both parts", []Entry{{Rule: "uk"}, {Rule: "*.uk", Private: true}}, "different parts of the list"},
		{"too many", many, "raise slotBits"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := Build(tt.rules)
			if tt.wantErr == "" && err != nil || tt.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tt.wantErr)) {
				t.Errorf("error %v, want %q", err, tt.wantErr)
			}
		})
	}
}
