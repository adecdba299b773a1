// Command generate writes the table of package standing, table.bin, out of
// slds.txt, less what never.txt names and what the Public Suffix List does not
// cut names to.
//
//	go generate ./plugin/standing
package main

import (
	"cmp"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/notunnel/notunnel/plugin/split"
	"github.com/notunnel/notunnel/plugin/standing/table"
)

const (
	tableFile  = "table.bin"
	sourceFile = "slds.txt"
	neverFile  = "never.txt"
)

// seed is that of the table's hash: one of the first few, for a short longest
// bucket. It is no secret, as nobody outside chooses what the table has.
const seed = 1

func main() {
	log.SetFlags(0)
	made, err := generate(".")
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(tableFile, []byte(made.table), 0o666); err != nil {
		log.Fatal(err)
	}
	for _, reason := range slices.Sorted(maps.Keys(made.removed)) {
		fmt.Printf("%s: %d removed: %s\n", reason, len(made.removed[reason]), made.removed[reason])
	}
	popular, listed := made.table.Len()
	fmt.Printf("%d popular, %d listed, %d bytes, at most %d in a bucket\n", popular, listed, len(made.table), made.table.Longest())
}

// A product is the table, and which domains of the source are not in it, by
// reason.
type product struct {
	table   table.Table
	removed map[string][]string
}

// generate makes the table of the files in dir.
func generate(dir string) (product, error) {
	source, err := readSource(filepath.Join(dir, sourceFile))
	if err != nil {
		return product{}, err
	}
	never, err := readNever(filepath.Join(dir, neverFile))
	if err != nil {
		return product{}, err
	}
	removed := map[string][]string{}
	b := table.NewBuilder(seed)
	for _, d := range source {
		if reason := cmp.Or(never.reason(d.name), notSLD(d.name)); reason != "" {
			removed[reason] = append(removed[reason], d.name)
			continue
		}
		if err := b.Add([]byte(d.name), d.lists >= 2); err != nil {
			return product{}, fmt.Errorf("%s: %w", sourceFile, err)
		}
	}
	return product{table: b.Table(), removed: removed}, nil
}

// notSLD says why no name has the domain for its SLD, if so.
func notSLD(domain string) string {
	var n split.Name
	switch class := n.Parse(domain); {
	case class == split.NoSLD:
		return "public suffix"
	case class != split.Judged:
		return "never judged"
	case string(n.SLD()) != domain:
		return "below an SLD"
	}
	return ""
}
