package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A change of the lists, or of the Public Suffix List, makes another table.
func TestTableIsOfTheLists(t *testing.T) {
	made, err := generate("..")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join("..", tableFile))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(made.table) {
		t.Errorf("%s is not what %s, %s and the Public Suffix List make: run go generate ./plugin/standing", tableFile, sourceFile, neverFile)
	}
	// Whoever asks picks the names, so that the fullest bucket is a cost that they
	// can have for each of them.
	if longest := made.table.Longest(); longest > 8 {
		t.Errorf("%d names lie in one bucket: try another seed", longest)
	}
}

func TestGenerate(t *testing.T) {
	tests := []struct {
		name, source, never string
		popular, listed     int
		wantErr             string
	}{
		{"by number of lists", "a.com\tUT\nb.com\tM\nc.com\tMTUZ\n", "", 2, 1, ""},
		{"never, and below it", "a.example.com\tU\nexample.com\tU\nxexample.com\tU\n", "example.com # registry: why\n", 0, 1, ""},
		{"suffixes, hosts and local names", "b.printer.local\tU\nco.uk\tUT\ncom\tUT\nexample.com\tU\nwww.example.com\tU\n", "", 0, 1, ""},
		{"not sorted", "b.com\tU\na.com\tU\n", "", 0, 0, "slds.txt:2: a.com stands after b.com"},
		{"twice", "a.com\tU\na.com\tU\n", "", 0, 0, "slds.txt:2: "},
		{"no letters", "a.com\n", "", 0, 0, "slds.txt:1: a.com has no letters"},
		{"unknown letter", "a.com\tUX\n", "", 0, 0, "slds.txt:1: "},
		{"letter twice", "a.com\tUU\n", "", 0, 0, "slds.txt:1: "},
		{"capitals", "A.com\tU\n", "", 0, 0, "slds.txt:1: "},
		{"never without a reason", "a.com\tU\n", "b.com\n", 0, 0, "never.txt:1: b.com needs a reason"},
		{"never of an unknown kind", "a.com\tU\n", "b.com # so: why\n", 0, 0, "never.txt:1: "},
		{"never twice", "a.com\tU\n", "b.com # registry: why\nB.com # registry: why\n", 0, 0, "never.txt:2: b.com stands there twice"},
		{"never is no domain", "a.com\tU\n", "*.b.com # registry: why\n", 0, 0, "never.txt:1: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, data := range map[string]string{sourceFile: tt.source, neverFile: tt.never} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			made, err := generate(dir)
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
					t.Errorf("error %v, want %q", err, tt.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if popular, listed := made.table.Len(); popular != tt.popular || listed != tt.listed {
				t.Errorf("%d popular, %d listed; want %d and %d", popular, listed, tt.popular, tt.listed)
			}
		})
	}
}
