package capture

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// Columns tell where texts of a form of the reader's own have what is read: keys
// of JSON objects, those of objects within behind dots (dns.question.0.name), or
// columns of CSV by the names in its first line or by their numbers, from 1 on.
type Columns struct{ time, client, name, qtype, rcode string }

// NewColumns makes columns of a map from time, client, name, type and rcode.
func NewColumns(of map[string]string) (*Columns, error) {
	c := &Columns{}
	fields := map[string]*string{"time": &c.time, "client": &c.client, "name": &c.name, "type": &c.qtype, "rcode": &c.rcode}
	for key, column := range of {
		field := fields[key]
		if field == nil {
			return nil, fmt.Errorf("%q is none of time, client, name, type, rcode", key)
		}
		if *field = column; column == "" {
			return nil, fmt.Errorf("%s= names no column", key)
		}
	}
	if c.name == "" {
		return nil, errors.New("name=COLUMN is missing: the names that were asked for")
	}
	return c, nil
}

// all are the columns in a fixed order.
func (c *Columns) all() [5]string { return [5]string{c.time, c.client, c.name, c.qtype, c.rcode} }

// columnReader reads lines by columns, of JSON or of CSV as the first one is.
type columnReader struct {
	*reading
	begun   bool
	comma   byte   // 0 of JSON
	columns [5]int // of CSV, -1 for what is not given
	broken  error  // of its head
}

func newColumnReader(r *reading) lineReader { return &columnReader{reading: r} }

func (*columnReader) end() error { return nil }

func (c *columnReader) read(l *line) (bool, error) {
	first := !c.begun
	if c.begun = true; first {
		if head := c.begin(l); head || c.broken != nil {
			return true, c.broken
		}
	}
	if c.broken != nil {
		return true, c.broken
	}
	var values [5]string
	var err error
	if c.comma == 0 {
		values, err = c.object(l.text)
	} else {
		values, err = c.row(l.text)
	}
	if err != nil {
		return true, err
	}
	q, m, err := c.entry(values)
	if err != nil {
		if first && c.comma != 0 { // of columns by number: a head above them
			return true, nil
		}
		return true, err
	}
	return true, c.answered(q, m)
}

// begin looks at the first line, and reports whether it is the head of a table.
func (c *columnReader) begin(l *line) bool {
	if l.text[0] == '{' {
		return false
	}
	most := 0
	for _, comma := range []byte{',', '\t', ';', '|'} {
		if n := bytes.Count(l.text, []byte{comma}); n > most {
			c.comma, most = comma, n
		}
	}
	if c.comma == 0 {
		c.comma = ','
	}
	byNumber := true
	for i, name := range c.Columns.all() {
		n, err := strconv.Atoi(name)
		c.columns[i] = n - 1
		byNumber = byNumber && (name == "" || err == nil && n > 0)
	}
	if byNumber {
		return false
	}
	head, err := c.split(l.text)
	if err != nil {
		c.broken = err
		return true
	}
	for i := range head {
		head[i] = strings.TrimSpace(head[i])
	}
	for i, name := range c.Columns.all() {
		if c.columns[i] = slices.Index(head, name); name != "" && c.columns[i] < 0 {
			c.broken = fmt.Errorf("no column %q: the first line has %s", name, excerpt(l.text))
		}
	}
	return true
}

// split cuts a line of CSV.
func (c *columnReader) split(text []byte) ([]string, error) {
	if bytes.IndexByte(text, '"') < 0 {
		return strings.Split(string(text), string(rune(c.comma))), nil
	}
	in := csv.NewReader(bytes.NewReader(text))
	in.Comma, in.LazyQuotes = rune(c.comma), true
	return in.Read()
}

func (c *columnReader) row(text []byte) (values [5]string, err error) {
	row, err := c.split(text)
	if err != nil {
		return values, err
	}
	for i, column := range c.columns {
		switch {
		case column >= len(row):
			return values, fmt.Errorf("%d columns, column %d wanted", len(row), column+1)
		case column >= 0:
			values[i] = strings.TrimSpace(row[column])
		}
	}
	return values, nil
}

func (c *columnReader) object(text []byte) (values [5]string, err error) {
	in := json.NewDecoder(bytes.NewReader(text))
	in.UseNumber()
	var object any
	if err := in.Decode(&object); err != nil {
		return values, err
	}
	for i, path := range c.Columns.all() {
		if path == "" {
			continue
		}
		switch value := valueAt(object, path).(type) {
		case nil:
		case string:
			values[i] = value
		case json.Number:
			values[i] = value.String()
		default:
			return values, fmt.Errorf("%s is neither a text nor a number", path)
		}
	}
	return values, nil
}

// valueAt is what stands at a path, nil if nothing does. A key may have dots of
// its own.
func valueAt(object any, path string) any {
	switch o := object.(type) {
	case map[string]any:
		if value, ok := o[path]; ok {
			return value
		}
		for i := range len(path) {
			if path[i] == '.' {
				if inner, ok := o[path[:i]]; ok {
					if value := valueAt(inner, path[i+1:]); value != nil {
						return value
					}
				}
			}
		}
	case []any:
		first, rest, more := strings.Cut(path, ".")
		if n, err := strconv.Atoi(first); err == nil && n >= 0 && n < len(o) {
			if !more {
				return o[n]
			}
			return valueAt(o[n], rest)
		}
	}
	return nil
}

// entry makes a query, and its reply if one is told, of time, client, name, type
// and rcode.
func (c *columnReader) entry(values [5]string) (q *Query, m *dns.Msg, err error) {
	at, client, name, qtype, rcode := values[0], values[1], values[2], values[3], values[4]
	if name == "" {
		return nil, nil, fmt.Errorf("no %s", c.Columns.name)
	}
	q = &Query{Name: name}
	if at != "" && at != "-" {
		if q.At, err = c.timeOf(at); err != nil {
			return nil, nil, err
		}
	}
	if client != "-" {
		q.Client, q.Host = clientOf(client)
	}
	if qtype != "" {
		if q.Type, err = parseType(qtype); err != nil {
			return nil, nil, err
		}
	}
	if rcode != "" {
		m, err = parseReply(rcode, "-", q.Type)
	}
	return q, m, err
}

// timeOf reads a time as any of the loggers writes it, or a number of seconds,
// milliseconds, microseconds or nanoseconds since 1970.
func (c *columnReader) timeOf(s string) (time.Time, error) {
	if whole, _, _ := strings.Cut(s, "."); len(whole) >= 15 && digits([]byte(whole), 0, len(whole)) {
		n, err := strconv.ParseInt(whole, 10, 64)
		switch {
		case err != nil:
		case len(whole) < 18:
			return time.UnixMicro(n), nil
		default:
			return time.Unix(0, n), nil
		}
	}
	if at, err := parseSeconds(s); err == nil {
		return at, nil
	}
	if at, n := c.times.stamp([]byte(s)); n > 0 {
		return at, nil
	}
	return time.Time{}, fmt.Errorf("time %q is neither ISO 8601 nor a number of seconds since 1970", s)
}

// clientOf is the address in s, with a port or without; what is none is a name.
func clientOf(s string) (netip.Addr, string) {
	if a, err := netip.ParseAddr(s); err == nil {
		return a, ""
	}
	if a, err := netip.ParseAddrPort(s); err == nil {
		return a.Addr(), ""
	}
	if addr, _, ok := strings.Cut(s, "#"); ok {
		if a, err := netip.ParseAddr(addr); err == nil {
			return a, ""
		}
	}
	return netip.Addr{}, s
}
