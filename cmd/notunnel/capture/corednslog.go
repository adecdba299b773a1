package capture

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// corednsEntry is an entry of CoreDNS's plugin log in its common format, and in
// the combined one, which adds the opcode (plugin/log; 1.2 to 1.15):
//
//	[INFO] 192.0.2.1:4000 - 7 "A IN www.example.net. udp 41 false 1232" NOERROR qr,rd,ra 82 0.001s
var corednsEntry = regexp.MustCompile(`^(?:\[INFO\] )?(?:plugin/log: )?(\[[^\]]+\]|[0-9.]+):\d+ - \d+ "(\S+) \S+ (.+) (?:udp|tcp) \d+ (?:true|false) \d+" (\S+) (?:(\S+) )?`)

func newCoreDNSLog(r *reading) lineReader { return stateless{r, readCoreDNSLog} }

func readCoreDNSLog(r *reading, l *line) (bool, error) {
	at := strings.Index(string(l.text[:min(len(l.text), 120)]), ` - `)
	if at < 0 {
		return false, nil
	}
	c := corednsEntry.FindSubmatch(l.text)
	if c == nil {
		return false, nil
	}
	client, err := netip.ParseAddr(strings.Trim(string(c[1]), "[]"))
	if err != nil {
		return true, err
	}
	return true, r.corednsQuery(&Query{At: l.at, Client: client, Name: string(c[3])}, string(c[2]), string(c[4]), slices.Contains(strings.Split(string(c[5]), ","), "aa"))
}

// corednsQuery passes on a query of that type, and its reply, authoritative or not.
func (r *reading) corednsQuery(q *Query, qtype, rcode string, authoritative bool) (err error) {
	if q.Type, err = parseType(qtype); err != nil {
		return err
	}
	var m *dns.Msg
	if rcode != "" && rcode != "-" {
		if m, err = parseReply(rcode, "-", q.Type); err != nil {
			return err
		}
		if m != nil {
			m.Authoritative = authoritative
		}
	}
	return r.answered(q, m)
}
