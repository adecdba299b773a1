package table

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// Entry is one rule of the list. Its labels are as in the list, "*." or "!" in
// front included.
type Entry struct {
	Rule    string
	Private bool
}

// Stats is what there is to know of a table.
type Stats struct {
	Rules, Nodes int
	// Longest and Mean are slots that a look-up reads: at most, and on average
	// of a label that is no node.
	Longest int
	Mean    float64
}

// Build makes a Table of rules that are distinct. The same rules in the same
// order give the same bytes.
func Build(rules []Entry) (Table, Stats, error) {
	nodes, err := tree(rules)
	if err != nil {
		return "", Stats{}, err
	}
	if len(nodes) > slots*3/4 {
		return "", Stats{}, fmt.Errorf("%d nodes fill %d slots too far: raise slotBits", len(nodes), slots)
	}
	text := textOf(nodes)
	if len(text) > 1<<offsetBits {
		return "", Stats{}, fmt.Errorf("%d bytes of labels are more than %d: widen the offset", len(text), 1<<offsetBits)
	}
	table := make([]byte, textAt, textAt+len(text))
	for _, n := range nodes { // parents first, as a child's key has the parent's slot
		parent := Root
		if n.parent != nil {
			parent = n.parent.place
		}
		_, hash := Label([]byte(n.label), len(n.label), parent)
		slot := home(hash)
		for table[slot/8]>>(slot%8)&1 != 0 {
			slot = (slot + 1) % slots
		}
		table[slot/8] |= 1 << (slot % 8)
		packed := n.flags | Node(strings.Index(text, n.label)) | keyOf(parent, len(n.label), hash)<<keyShift
		binary.LittleEndian.PutUint64(table[slotsAt+slotSize*slot:], uint64(packed))
		n.place = Parent(slot + 1)
	}
	t := Table(append(table, text...))
	longest, mean := t.probes()
	return t, Stats{Rules: len(rules), Nodes: len(nodes), Longest: longest, Mean: mean}, nil
}

// node is a node of the tree while it is being built.
type node struct {
	label  string
	parent *node
	flags  Node
	ruled  bool // has a rule, so that privateBit is settled
	place  Parent
}

// tree returns the nodes, those with fewer labels first.
func tree(rules []Entry) ([]*node, error) {
	known := map[string]*node{}
	var levels [][]*node
	for _, r := range rules {
		name, wildcard := strings.CutPrefix(r.Rule, "*.")
		name, exception := strings.CutPrefix(name, "!")
		labels := strings.Split(name, ".")
		var n *node
		for depth := range labels {
			at := len(labels) - 1 - depth
			suffix := strings.Join(labels[at:], ".")
			child := known[suffix]
			if child == nil {
				if l := labels[at]; l == "" || len(l) > maxLabel || strings.ContainsAny(l, "*!") {
					return nil, fmt.Errorf("label %q of rule %q is not one", l, r.Rule)
				}
				child = &node{label: labels[at], parent: n}
				known[suffix] = child
				if depth == len(levels) {
					levels = append(levels, nil)
				}
				levels[depth] = append(levels[depth], child)
				if n != nil {
					n.flags |= childrenBit
				}
			}
			n = child
		}
		if err := n.add(r, wildcard, exception); err != nil {
			return nil, err
		}
	}
	return slices.Concat(levels...), nil
}

// add makes the node that of a rule, too.
func (n *node) add(r Entry, wildcard, exception bool) error {
	flags, taken := Node(Rule)<<kindShift, Node(kindMask)<<kindShift
	switch {
	case wildcard:
		flags, taken = wildcardBit, wildcardBit
	case exception && n.parent == nil:
		return fmt.Errorf("rule %q leaves no suffix", r.Rule)
	case exception:
		flags = Node(Exception) << kindShift
	}
	if n.flags&taken != 0 {
		return fmt.Errorf("rule %q is there twice, or with and without an exception", r.Rule)
	}
	if n.ruled && r.Private != (n.flags&privateBit != 0) {
		return fmt.Errorf("rule %q and another one of its labels are of different parts of the list", r.Rule)
	}
	n.flags |= flags
	n.ruled = true
	if r.Private {
		n.flags |= privateBit
	}
	return nil
}

// textOf is a text that has every label in it. The top levels, which every
// look-up compares, stand together; of the rest, long labels come first, as
// they may have short ones in them.
func textOf(nodes []*node) string {
	tops := 0
	for tops < len(nodes) && nodes[tops].parent == nil {
		tops++
	}
	rest := slices.SortedStableFunc(slices.Values(nodes[tops:]), func(a, b *node) int {
		return cmp.Compare(len(b.label), len(a.label))
	})
	var text strings.Builder
	for _, n := range slices.Concat(nodes[:tops], rest) {
		if !strings.Contains(text.String(), n.label) {
			text.WriteString(n.label)
		}
	}
	return text.String()
}

// probes walks from every slot to the next empty one, as a look-up does that
// finds nothing; one that finds something is no longer.
func (t Table) probes() (longest int, mean float64) {
	total := 0
	for home := range slots {
		n := 0
		for slot := home; t.slot(slot) != 0; slot = (slot + 1) % slots {
			n++
		}
		if n > 0 { // else the bit says it
			n++
		}
		longest = max(longest, n)
		total += n
	}
	return longest, float64(total) / slots
}
