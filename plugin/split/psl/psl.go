// Package psl finds the public suffix of a DNS name by the rules of the Public
// Suffix List (https://publicsuffix.org/list/), private part included.
//
// The rules are those of golang.org/x/net/publicsuffix, of the version in
// go.mod; after an upgrade go generate brings table.bin up to date, and until
// then a test fails. What the module's own function does is no good for names
// that strangers choose: it tries whether a name is an IP address first, so that
// ::%a.example.com is a public suffix as a whole, and that attempt allocates.
// Of takes 19 ns for www.example.com where the module takes 105, 36 instead of
// 177 on average of many names, and nothing from the heap.
//
// Package table describes the layout. A look-up reads one slot, mostly, and one
// label of the text for each label that some rule has, and mostly one bit for the
// first label that none has.
package psl

import (
	_ "embed"

	"github.com/notunnel/notunnel/plugin/split/psl/table"
)

//go:generate go run ./generate

//go:embed table.bin
var list table.Table

// Suffix is where the public suffix of a name lies.
type Suffix struct {
	// Start is where the public suffix begins in the name.
	Start int
	// Base is where the labels that the rule names begin: after the free label
	// of a wildcard rule, else at Start.
	Base int
	// Private reports whether the rule is of the list's private part. It is
	// false for the default rule, too.
	Private bool
}

// Of finds the public suffix of a name in canonical form: lower case, labels of
// any bytes but '.', parted by '.', none of them empty, no trailing dot. There
// is always one: a name of which the list knows nothing has its last label.
// Safe for concurrent use; does not allocate.
func Of(name []byte) Suffix {
	end, parent := len(name), table.Root
	begin, hash := table.Label(name, end, parent)
	suffix := Suffix{Start: begin, Base: begin} // the default rule: "*"
	for {
		node, place := list.Child(parent, name[begin:end], hash)
		switch node.Kind() {
		case table.Rule:
			suffix = Suffix{Start: begin, Base: begin, Private: node.Private()}
		case table.Exception:
			return Suffix{Start: end + 1, Base: end + 1, Private: node.Private()}
		}
		if begin == 0 || !node.Wildcard() && !node.HasChildren() {
			return suffix
		}
		end, parent = begin-1, place
		begin, hash = table.Label(name, end, parent)
		if node.Wildcard() {
			suffix = Suffix{Start: begin, Base: end + 1, Private: node.Private()}
		}
	}
}
