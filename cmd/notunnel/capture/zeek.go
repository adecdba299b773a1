package capture

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// zeekRecord is what is used of an entry of Zeek's dns.log. Every field may
// be missing.
type zeekRecord struct {
	TS      any      `json:"ts"` // seconds, or RFC 3339 by Zeek's option
	Client  string   `json:"id.orig_h"`
	Query   *string  `json:"query"`
	Type    *uint16  `json:"qtype"`
	Rcode   *int     `json:"rcode"`
	TC      bool     `json:"TC"`
	Answers []string `json:"answers"`
}

var errNotZeekDNS = errors.New("not an entry of Zeek's dns.log: it has neither query nor trans_id")

// readZeekJSON reads dns.log with one JSON object a line.
func readZeekJSON(in *bufio.Reader, v Visitor, stats *Stats) error {
	return eachLine(in, stats, func(line []byte) error {
		var r struct {
			zeekRecord
			TransID *int `json:"trans_id"`
		}
		if err := json.Unmarshal(line, &r); err != nil {
			return err
		}
		if r.Query == nil && r.TransID == nil {
			return errNotZeekDNS
		}
		return r.pass(v)
	})
}

// pass passes the entry on. One without a query was a reply that named none.
func (r *zeekRecord) pass(v Visitor) error {
	if r.Query == nil {
		return nil
	}
	q := &Query{Name: zeekName(*r.Query)}
	var err error
	switch ts := r.TS.(type) {
	case float64:
		q.At, err = parseTime(strconv.FormatFloat(ts, 'f', -1, 64))
	case string:
		q.At, err = time.Parse(time.RFC3339Nano, ts)
	}
	if err != nil {
		return fmt.Errorf("ts: %w", err)
	}
	if r.Client != "" {
		if q.Client, err = netip.ParseAddr(r.Client); err != nil {
			return fmt.Errorf("id.orig_h: %w", err)
		}
	}
	if r.Type != nil {
		q.Type = *r.Type
	}
	if r.Rcode == nil && len(r.Answers) == 0 {
		return answered(v, q, nil)
	}
	m := new(dns.Msg)
	m.Response, m.Truncated = true, r.TC
	if r.Rcode != nil {
		m.Rcode = *r.Rcode
	}
	for _, a := range r.Answers {
		m.Answer = append(m.Answer, parseRdata(zeekBytes(a), q.Type))
	}
	return answered(v, q, m)
}

// zeekName is a name as Zeek writes it, in presentation form. Zeek keeps dots
// within labels apart from those between them no more than it escapes them.
func zeekName(s string) string {
	if s == "" {
		return "."
	}
	return strings.ReplaceAll(zeekBytes(s), `\`, `\\`)
}

// zeekBytes decodes \xHH and \\, Zeek's escapes.
func zeekBytes(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) && s[i+1] == 'x' {
			if b, err := hex.DecodeString(s[i+2 : i+4]); err == nil {
				out = append(out, b[0])
				i += 3
				continue
			}
		}
		if s[i] == '\\' && i+1 < len(s) && s[i+1] == '\\' {
			i++
		}
		out = append(out, s[i])
	}
	return string(out)
}

// zeekTable is the head of a tab separated log of Zeek.
type zeekTable struct {
	separator, set, empty, unset string
	column                       map[string]int
	columns                      int
}

// readZeek reads dns.log with the head that Zeek writes; logs that were put
// together may have one more head where each begins.
func readZeek(in *bufio.Reader, v Visitor, stats *Stats) error {
	var t zeekTable
	return eachLine(in, stats, func(line []byte) error {
		if line[0] == '#' {
			return t.head(string(line))
		}
		return t.entry(string(bytes.TrimSuffix(line, []byte{'\r'})), v)
	})
}

func (t *zeekTable) head(line string) error {
	if s, ok := strings.CutPrefix(line, "#separator "); ok {
		*t = zeekTable{separator: zeekBytes(s), set: ",", empty: "(empty)", unset: "-"}
		return nil
	}
	if t.separator == "" {
		return errors.New("no #separator before it")
	}
	name, rest, _ := strings.Cut(line, t.separator)
	switch name {
	case "#set_separator":
		t.set = rest
	case "#empty_field":
		t.empty = rest
	case "#unset_field":
		t.unset = rest
	case "#fields":
		fields := strings.Split(rest, t.separator)
		t.column, t.columns = map[string]int{}, len(fields)
		for i, f := range fields {
			t.column[f] = i
		}
		for _, want := range []string{"ts", "id.orig_h", "query", "qtype", "rcode", "answers"} {
			if _, ok := t.column[want]; !ok {
				return fmt.Errorf("not Zeek's dns.log: #fields lacks %s", want)
			}
		}
	}
	return nil
}

func (t *zeekTable) entry(line string, v Visitor) (err error) {
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
	var r zeekRecord
	if s, ok := field("ts"); ok {
		if r.TS, err = strconv.ParseFloat(s, 64); err != nil {
			return fmt.Errorf("ts: %w", err)
		}
	}
	r.Client, _ = field("id.orig_h")
	if r.Client == t.unset {
		r.Client = ""
	}
	if s, ok := field("query"); ok {
		if s == t.empty {
			s = ""
		}
		r.Query = &s
	}
	if s, ok := field("qtype"); ok {
		n, err := strconv.ParseUint(s, 10, 16)
		if err != nil {
			return fmt.Errorf("qtype: %w", err)
		}
		qtype := uint16(n)
		r.Type = &qtype
	}
	if s, ok := field("rcode"); ok {
		n, err := strconv.Atoi(s)
		if err != nil {
			return fmt.Errorf("rcode: %w", err)
		}
		r.Rcode = &n
	}
	if s, ok := field("TC"); ok {
		r.TC = s == "T"
	}
	if s, ok := field("answers"); ok && s != t.empty {
		r.Answers = strings.Split(s, t.set)
	}
	return r.pass(v)
}
