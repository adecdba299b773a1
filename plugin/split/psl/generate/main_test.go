package main

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/net/publicsuffix"
)

// After an upgrade of the module the table is made anew, or it would be another
// list than go.mod says.
func TestFilesAreOfTheModule(t *testing.T) {
	made, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	if want := publicsuffix.List.String(); made.list.version != want {
		t.Errorf("version %q, the module says %q", made.list.version, want)
	}
	for name, want := range made.files {
		got, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s is not what the list of %s in go.mod makes: run go generate ./plugin/split/psl", name, module)
		}
	}
}

// Whoever asks picks the labels, so that the longest probe is a cost that they
// can have for each of their names.
func TestProbesAreShort(t *testing.T) {
	made, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	if made.stats.Longest > 32 || made.stats.Mean > 3 {
		t.Errorf("probes of %.1f slots on average, %d at most: raise slotBits of package table", made.stats.Mean, made.stats.Longest)
	}
}
