package capture

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// notunnel's DNS log: ts, client, qname, qtype, rcode, answers [, source], tab
// separated; "-" is unknown. A first line that begins with "ts" is a header.
const logColumns = 6

type log struct {
	*reading
	begun bool // a line of it was seen
}

func newLog(r *reading) lineReader { return &log{reading: r} }

func (g *log) read(l *line) (bool, error) {
	tabs := bytes.Count(l.text, []byte{'\t'})
	fits := tabs == logColumns-1 || tabs == logColumns
	if !fits && (!g.begun || tabs == 0) {
		return false, nil
	}
	header := !g.begun && bytes.HasPrefix(l.text, []byte("ts\t"))
	g.begun = true
	if header {
		return true, nil
	}
	if !fits {
		return true, fmt.Errorf("%d columns, %d or %d wanted: ts client qname qtype rcode answers [source]", tabs+1, logColumns, logColumns+1)
	}
	q, m, err := logged(strings.Split(string(l.text), "\t"))
	if err != nil || q.Name == "-" {
		return true, err
	}
	return true, g.answered(q, m)
}

func (*log) end() error { return nil }

func logged(c []string) (q *Query, m *dns.Msg, err error) {
	q = &Query{Name: c[2]}
	if q.At, err = parseTime(c[0]); err != nil {
		return nil, nil, err
	}
	if q.Client, err = parseClient(c[1]); err != nil {
		return nil, nil, err
	}
	if q.Type, err = parseType(c[3]); err != nil {
		return nil, nil, err
	}
	if len(c) > logColumns {
		q.Source = c[logColumns]
	}
	if q.Name == "" {
		q.Name = "." // the root, its dot removed as every trailing dot
	}
	m, err = parseReply(c[4], c[5], q.Type)
	return q, m, err
}

// parseTime reads seconds since 1970; "-" is the zero time.
func parseTime(s string) (time.Time, error) {
	if s == "-" {
		return time.Time{}, nil
	}
	at, err := parseSeconds(s)
	if err != nil || math.Abs(float64(at.Unix())) > 1<<33 {
		return time.Time{}, fmt.Errorf("time %q is not in seconds since 1970", s)
	}
	return at, nil
}

// parseSeconds reads seconds since 1970, or milliseconds where seconds would be
// thousands of years.
func parseSeconds(s string) (time.Time, error) {
	if at, ok := epoch([]byte(s)); ok {
		return at, nil
	}
	sec, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(sec) || math.Abs(sec) > 1e14 {
		return time.Time{}, fmt.Errorf("time %q is neither in seconds nor in milliseconds since 1970", s)
	}
	if math.Abs(sec) > 1e11 {
		sec /= 1000
	}
	whole, part := math.Modf(sec)
	return time.Unix(int64(whole), int64(part*1e9)), nil
}

func parseClient(s string) (netip.Addr, error) {
	if s == "-" {
		return netip.Addr{}, nil
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("client %q is not an address", s)
	}
	return a, nil
}

// parseType reads a record type: number, mnemonic, TYPEnnn, or "-".
func parseType(s string) (uint16, error) {
	if s == "-" {
		return dns.TypeNone, nil
	}
	if n, err := strconv.ParseUint(strings.TrimPrefix(s, "TYPE"), 10, 16); err == nil {
		return uint16(n), nil
	}
	if t, ok := dns.StringToType[strings.ToUpper(s)]; ok {
		return t, nil
	}
	return 0, fmt.Errorf("record type %q is unknown", s)
}

// parseReply reads rcode and answers. Where the rcode is unknown and no answer
// is told, there was no reply, or none that was seen.
func parseReply(rcode, answers string, qtype uint16) (*dns.Msg, error) {
	m := new(dns.Msg)
	m.Response = true
	code, tc := strings.CutSuffix(rcode, "+TC")
	m.Truncated = tc
	if code != "-" {
		n, err := strconv.ParseUint(code, 10, 12)
		m.Rcode = int(n)
		if err != nil {
			known := false
			if m.Rcode, known = dns.StringToRcode[strings.ToUpper(code)]; !known {
				return nil, fmt.Errorf("rcode %q is unknown", code)
			}
		}
	}
	if answers != "-" {
		var records [][]any
		if err := json.Unmarshal(latin1(answers), &records); err != nil {
			return nil, fmt.Errorf("answers: %w", err)
		}
		for _, r := range records {
			if len(r) != 2 {
				return nil, errors.New("answers: a list of [rdata, ttl] is wanted")
			}
			text, isText := r[0].(string)
			if _, isNumber := r[1].(float64); !isText || !isNumber {
				return nil, errors.New("answers: a list of [rdata, ttl] is wanted")
			}
			m.Answer = append(m.Answer, parseRdata(singleBytes(text), qtype))
		}
	}
	if code == "-" && len(m.Answer) == 0 {
		return nil, nil
	}
	return m, nil
}

// latin1 makes a character of every byte above 127, so that JSON lets raw
// bytes pass; singleBytes makes them bytes again.
func latin1(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		if s[i] < 0x80 {
			out = append(out, s[i])
		} else {
			out = append(out, 0xc0|s[i]>>6, 0x80|s[i]&0x3f)
		}
	}
	return out
}

func singleBytes(s string) string {
	out := make([]byte, 0, len(s))
	for _, r := range s {
		if r < 0x100 {
			out = append(out, byte(r))
		} else {
			out = append(out, string(r)...)
		}
	}
	return string(out)
}
