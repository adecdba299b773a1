package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/notunnel/notunnel/plugin/split/psl/table"
)

const module = "golang.org/x/net"

// moduleDir is the folder of package publicsuffix, of the version in go.mod.
func moduleDir() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return "", fmt.Errorf("go list -m %s: %w: %s", module, err, exit.Stderr)
	}
	if err != nil {
		return "", fmt.Errorf("go list -m %s: %w", module, err)
	}
	dir := strings.TrimSpace(string(out))
	if dir == "" {
		return "", fmt.Errorf("%s is not in the module cache: run go mod download", module)
	}
	return filepath.Join(dir, "publicsuffix"), nil
}

// A list is the public suffix list as the module carries it.
type list struct {
	version string
	rules   []table.Entry
}

// readList reads the files of package publicsuffix in dir. Its table.go gives
// their layout in words and constants.
func readList(dir string) (list, error) {
	r := reader{}
	var err error
	if r.constants, err = constants(filepath.Join(dir, "table.go")); err != nil {
		return list{}, err
	}
	for name, to := range map[string]*[]byte{"text": &r.text, "nodes": &r.nodes, "children": &r.children} {
		if *to, err = os.ReadFile(filepath.Join(dir, "data", name)); err != nil {
			return list{}, err
		}
	}
	r.below(0, r.number("numTLD"), "")
	if r.err != nil {
		return list{}, fmt.Errorf("%s: %w: look at its table.go for how the layout has changed", dir, r.err)
	}
	return list{version: r.constants["version"], rules: r.rules}, nil
}

// constants returns those of a Go file that are literals.
func constants(file string) (map[string]string, error) {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Names) != len(spec.Values) {
			return true
		}
		for i, value := range spec.Values {
			if literal, ok := value.(*ast.BasicLit); ok {
				found[spec.Names[i].Name] = literal.Value
			}
		}
		return true
	})
	if found["version"], err = strconv.Unquote(found["version"]); err != nil {
		return nil, fmt.Errorf("%s: no constant version: look where the module keeps it now", file)
	}
	return found, nil
}

// A reader walks the module's tree and writes down its rules. The first error
// ends the walk.
type reader struct {
	constants             map[string]string
	text, nodes, children []byte
	rules                 []table.Entry
	err                   error
}

// below reads the nodes lo to hi-1, which stand below suffix.
func (r *reader) below(lo, hi uint64, suffix string) {
	for i := lo; i < hi && r.err == nil; i++ {
		n := fields{r: r, bits: r.integer(r.nodes, i, r.number("nodesBits")/8)}
		length := n.next("nodesBitsTextLength")
		offset := n.next("nodesBitsTextOffset")
		private := n.next("nodesBitsICANN") == 0
		c := fields{r: r, bits: r.integer(r.children, n.next("nodesBitsChildren"), 4)}
		childLo := c.next("childrenBitsLo")
		childHi := c.next("childrenBitsHi")
		kind := c.next("childrenBitsNodeType")
		wildcard := c.next("childrenBitsWildcard") == 1
		if offset+length > uint64(len(r.text)) || childLo > childHi {
			r.fail("node %d is out of range", i)
		}
		if r.err != nil {
			return
		}
		name := string(r.text[offset:offset+length]) + suffix
		switch kind {
		case r.number("nodeTypeNormal"):
			r.add(name, private)
		case r.number("nodeTypeException"):
			r.add("!"+name, private)
		case r.number("nodeTypeParentOnly"):
		default:
			r.fail("node %d (%s) is of the unknown type %d", i, name, kind)
		}
		if wildcard {
			r.add("*."+name, private)
		}
		if childLo < childHi && childLo <= i {
			r.fail("the children of node %d stand before it", i)
		}
		r.below(childLo, childHi, "."+name)
	}
}

func (r *reader) add(rule string, private bool) {
	r.rules = append(r.rules, table.Entry{Rule: rule, Private: private})
}

// number is a constant of the module's.
func (r *reader) number(name string) uint64 {
	n, err := strconv.ParseUint(r.constants[name], 0, 32)
	if err != nil {
		r.fail("no constant %s", name)
	}
	return n
}

// integer is the i-th of big-endian integers that have so many bytes each.
func (r *reader) integer(from []byte, i, size uint64) (n uint64) {
	if (i+1)*size > uint64(len(from)) {
		r.fail("no integer %d in %d bytes", i, len(from))
		return 0
	}
	for _, b := range from[i*size : (i+1)*size] {
		n = n<<8 | uint64(b)
	}
	return n
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

// fields takes an integer apart, from its lowest bits on.
type fields struct {
	r    *reader
	bits uint64
}

// next is the field whose width is the constant of that name.
func (f *fields) next(width string) uint64 {
	n := f.r.number(width)
	value := f.bits & (1<<n - 1)
	f.bits >>= n
	return value
}
