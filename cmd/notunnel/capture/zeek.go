package capture

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// zeekRecord is what is used of an entry of Zeek's dns.log (base/protocols/dns;
// 3 to 8). Every field may be missing.
type zeekRecord struct {
	path     string
	at       time.Time
	client   string
	query    *string
	qtype    *uint16
	typeName string
	rcode    *int
	tc, aa   bool
	answers  []string
}

// zeekSkipped counts an entry of another log of Zeek's, or one that asks nothing.
func (r *reading) zeekSkipped(path string) {
	for _, known := range zeekLogs {
		if path == known {
			r.skipLine("Zeek " + path + " entries")
			return
		}
	}
	r.skipLine("Zeek entries of other logs")
}

// isZeekDNS reports whether a log of that path holds what dns.log does; Corelight
// has one of red entries besides.
func isZeekDNS(path string) bool { return path == "dns" || path == "dns_red" }

// zeekLogs are those that are counted by name: what a file says of others is its own.
var zeekLogs = []string{"conn", "http", "ssl", "files", "x509", "weird", "notice", "dhcp", "smtp", "ssh", "ntp", "kerberos", "dpd", "tunnel", "quic"}

// zeek passes the entry on. One without a query was a reply that named none.
func (r *reading) zeek(z *zeekRecord) error {
	if z.path != "" && !isZeekDNS(z.path) {
		r.zeekSkipped(z.path)
		return nil
	}
	if z.query == nil {
		r.skipLine("Zeek dns entries without a query")
		return nil
	}
	q := &Query{At: z.at, Name: zeekName(*z.query)}
	var err error
	if z.client != "" {
		if q.Client, err = netip.ParseAddr(z.client); err != nil {
			return fmt.Errorf("id.orig_h: %w", err)
		}
	}
	switch {
	case z.qtype != nil:
		q.Type = *z.qtype
	case z.typeName != "":
		q.Type = knownType(z.typeName)
	}
	if z.rcode == nil && len(z.answers) == 0 {
		return r.answered(q, nil)
	}
	m := answer(dns.RcodeSuccess)
	m.Truncated, m.Authoritative = z.tc, z.aa
	if z.rcode != nil {
		m.Rcode = *z.rcode
	}
	for _, a := range z.answers {
		m.Answer = append(m.Answer, parseRdata(zeekBytes(a), q.Type))
	}
	return r.answered(q, m)
}

// zeekTime reads what Zeek writes as a time: seconds since 1970, milliseconds,
// or ISO 8601, by its options.
func zeekTime(s string) (time.Time, error) {
	if len(s) > 4 && (s[4] == '-' || s[len(s)-1] == 'Z') {
		at, err := time.Parse("2006-01-02T15:04:05.999999999Z07:00", s)
		if err != nil {
			err = fmt.Errorf("ts %q is neither in seconds or milliseconds nor ISO 8601", s)
		}
		return at, err
	}
	at, err := parseSeconds(s)
	if err != nil {
		err = fmt.Errorf("ts: %w", err)
	}
	return at, err
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
