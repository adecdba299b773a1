// Package standing says what is known of an SLD, the registered domain that all
// budgets and thresholds go by: popular, if many people use it; listed, if one
// list of such domains names it; unknown otherwise.
//
// The shipped list is slds.txt, made of four public lists: popular is what two of
// them name. Domains below which strangers receive queries are taken off it by
// never.txt. go generate makes table.bin of both; until that is done after a change,
// or after an upgrade of the Public Suffix List, a test fails. A file of the
// operator's can stand in its place (Read).
//
// Package table describes the layout. A look-up compares whole names, so that no
// name passes for a popular one; it takes some 25 ns, as one in a map does,
// and nothing from the heap.
package standing

import (
	_ "embed"

	"github.com/notunnel/notunnel/plugin/standing/table"
)

//go:generate go run ./generate

//go:embed table.bin
var shippedTable table.Table

// Standing is what is known of an SLD. The zero value is Unknown.
type Standing uint8

const (
	// Unknown SLDs are on no list.
	Unknown Standing = iota
	// Listed SLDs are named by one of the lists.
	Listed
	// Popular SLDs are named by two of the lists or more, or by the operator.
	Popular
)

func (s Standing) String() string {
	switch s {
	case Popular:
		return "popular"
	case Listed:
		return "listed"
	}
	return "unknown"
}

// List is a list of SLDs with their standing. It is immutable and safe for
// concurrent use; the zero value has none.
type List struct {
	table   table.Table
	skipped int
}

// Shipped is the list that the program carries. It is used where it lies in the
// program, and costs nothing to begin with.
func Shipped() *List { return &List{table: shippedTable} }

// None is the list on which every SLD is unknown.
func None() *List { return &List{} }

// Of is the standing of an SLD in canonical form, as package split has it. It
// does not allocate.
func (l *List) Of(sld []byte) Standing {
	popular, found := l.table.Find(sld)
	switch {
	case popular:
		return Popular
	case found:
		return Listed
	}
	return Unknown
}

// Len is the number of SLDs that are popular, and of those that are listed.
func (l *List) Len() (popular, listed int) { return l.table.Len() }

// Skipped is the number of entries in the file that name no SLD: public suffixes
// and names that are never judged. It is 0 for other lists.
func (l *List) Skipped() int { return l.skipped }
