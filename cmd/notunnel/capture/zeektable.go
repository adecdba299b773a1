package capture

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// zeekTable is the head of a tab separated log of Zeek.
type zeekTable struct {
	*reading
	separator, set, empty, unset string
	path                         string
	column                       map[string]int // scopes separated by dots
	columns                      int
}

func newZeekTable(r *reading) lineReader { return &zeekTable{reading: r} }

// read reads a line of dns.log with the head that Zeek writes; logs that were put
// together may have one more head where each begins.
func (t *zeekTable) read(l *line) (bool, error) {
	s := string(l.text)
	if s[0] == '#' {
		if !strings.HasPrefix(s, "#separator ") && t.separator == "" {
			return false, nil
		}
		return true, t.head(s)
	}
	if t.separator == "" || !l.follows && !strings.Contains(s, t.separator) {
		return false, nil
	}
	return true, t.entry(s)
}

func (*zeekTable) end() error { return nil }

func (t *zeekTable) head(line string) error {
	if s, ok := strings.CutPrefix(line, "#separator "); ok {
		*t = zeekTable{reading: t.reading, separator: zeekBytes(s), set: ",", empty: "(empty)", unset: "-"}
		if t.separator == "" {
			return errors.New("#separator is empty")
		}
		return nil
	}
	name, rest, _ := strings.Cut(line, t.separator)
	switch name {
	case "#set_separator":
		t.set = rest
	case "#empty_field":
		t.empty = rest
	case "#unset_field":
		t.unset = rest
	case "#path":
		t.path = rest
	case "#fields":
		fields := strings.Split(rest, t.separator)
		t.column, t.columns = map[string]int{}, len(fields)
		for i, f := range fields {
			if scope, field, ok := strings.Cut(f, "id_"); ok && scope == "" {
				f = "id." + field
			}
			t.column[f] = i
		}
		if _, ok := t.column["query"]; !ok && (t.path == "" || isZeekDNS(t.path)) {
			return errors.New("not Zeek's dns.log: #fields lacks query")
		}
	}
	return nil
}

func (t *zeekTable) entry(line string) (err error) {
	if t.column == nil {
		return errors.New("no #fields before it")
	}
	c := strings.Split(line, t.separator)
	if len(c) != t.columns {
		return fmt.Errorf("%d columns, %d wanted", len(c), t.columns)
	}
	field := func(name string) (string, bool) {
		i, ok := t.column[name]
		return c[min(i, len(c)-1)], ok && c[i] != t.unset
	}
	z := zeekRecord{path: t.path}
	if s, ok := field("ts"); ok {
		if z.at, err = zeekTime(s); err != nil {
			return err
		}
	}
	if s, ok := field("id.orig_h"); ok {
		z.client = s
	}
	if s, ok := field("query"); ok {
		if s == t.empty {
			s = ""
		}
		z.query = &s
	}
	if s, ok := field("qtype"); ok {
		n, err := strconv.ParseUint(s, 10, 16)
		if err != nil {
			return fmt.Errorf("qtype: %w", err)
		}
		qtype := uint16(n)
		z.qtype = &qtype
	}
	if s, ok := field("qtype_name"); ok {
		z.typeName = s
	}
	if s, ok := field("rcode"); ok {
		n, err := strconv.ParseUint(s, 10, 12)
		if err != nil {
			return fmt.Errorf("rcode: %w", err)
		}
		rcode := int(n)
		z.rcode = &rcode
	}
	if s, ok := field("TC"); ok {
		z.tc = s == "T"
	}
	if s, ok := field("AA"); ok {
		z.aa = s == "T"
	}
	if s, ok := field("answers"); ok && s != t.empty {
		z.answers = strings.Split(s, t.set)
	}
	return t.zeek(&z)
}
