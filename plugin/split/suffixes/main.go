// Command suffixes writes suffixes.txt, the rules of the Public Suffix List that
// package split embeds, from the copy of the list in the module
// golang.org/x/net/publicsuffix of the version that go.mod pins:
//
//	go generate ./plugin/split
//
// That package can only be asked about a name, and allocates at each question;
// it is what the rules are tested against.
package main

import (
	"encoding/binary"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// The layout of the module's data, from its table.go. A test of package split
// asks both about every rule, so that another layout does not go unnoticed.
const (
	topLevel = 1450 // nodes that are top-level domains

	nodeBytes                      = 5
	textLengthBits, textOffsetBits = 6, 16
	icannBits, childrenBits        = 1, 10
	loBits, hiBits, typeBits       = 14, 14, 2

	typeNormal    = 0
	typeException = 1 // 2 is no rule, only a parent of some
)

// list is the module's data.
type list struct {
	text, nodes, children []byte
	rules                 []string
}

func main() {
	log.SetFlags(0)
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "golang.org/x/net").Output()
	if err != nil {
		log.Fatal(err)
	}
	dir := filepath.Join(strings.TrimSpace(string(out)), "publicsuffix", "data")
	var l list
	for name, data := range map[string]*[]byte{"text": &l.text, "nodes": &l.nodes, "children": &l.children} {
		if *data, err = os.ReadFile(filepath.Join(dir, name)); err != nil {
			log.Fatal(err)
		}
	}
	l.walk(0, topLevel, "")
	slices.Sort(l.rules)
	if err := os.WriteFile("suffixes.txt", []byte(strings.Join(l.rules, "\n")+"\n"), 0o666); err != nil {
		log.Fatal(err)
	}
}

// walk collects the rules at nodes lo to hi, which lie below parent.
func (l *list) walk(lo, hi uint64, parent string) {
	for i := lo; i < hi; i++ {
		node := binary.BigEndian.Uint64(append(make([]byte, 8-nodeBytes), l.nodes[i*nodeBytes:][:nodeBytes]...))
		length := take(&node, textLengthBits)
		offset := take(&node, textOffsetBits)
		take(&node, icannBits)
		name := string(l.text[offset:][:length]) + parent
		below := uint64(binary.BigEndian.Uint32(l.children[4*take(&node, childrenBits):]))
		childLo, childHi := take(&below, loBits), take(&below, hiBits)
		switch take(&below, typeBits) {
		case typeNormal:
			l.rules = append(l.rules, name)
		case typeException:
			l.rules = append(l.rules, "!"+name)
		}
		if below&1 != 0 {
			l.rules = append(l.rules, "*."+name)
		}
		l.walk(childLo, childHi, "."+name)
	}
}

// take cuts the low bits off.
func take(x *uint64, bits uint) uint64 {
	low := *x & (1<<bits - 1)
	*x >>= bits
	return low
}
