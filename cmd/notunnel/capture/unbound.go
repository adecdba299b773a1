package capture

import (
	"net/netip"
	"strings"

	"github.com/miekg/dns"
)

// unbound reads log-queries and log-replies of Unbound (util/log.c,
// util/net_help.c: log_query_in, log_reply_info; 1.17 to 1.22), with
// log-tag-queryreply or without:
//
//	[1700000000] unbound[7:0] info: 192.0.2.1 www.example.net. A IN
//	[1700000000] unbound[7:0] info: 192.0.2.1 www.example.net. A IN NOERROR 0.012000 0 61
//
// The time is in seconds, or as log-time-ascii and syslog write it. Bytes other
// than letters, digits, hyphens and underscores come as question marks.
type unbound struct{ *pairing }

func newUnbound(r *reading) lineReader { return unbound{newPairing(r)} }

func (u unbound) read(l *line) (bool, error) {
	s := string(l.text)
	named := l.program == "unbound"
	if end := strings.Index(s, "] "); end >= 0 && end < longestIdentity { // identity, process and thread
		s = s[end+2:]
	}
	s, isInfo := strings.CutPrefix(s, "info: ")
	s, isQuery := strings.CutPrefix(s, "query: ")
	s, isReply := strings.CutPrefix(s, "reply: ")
	if !named && !isInfo && !isQuery && !isReply {
		return false, nil
	}
	words := strings.Fields(s)
	if len(words) < 3 || !strings.HasSuffix(words[1], ".") {
		return false, nil
	}
	client, err := netip.ParseAddr(words[0])
	if err != nil {
		return false, nil
	}
	q := &Query{At: l.at, Client: client, Name: words[1]}
	if q.Type, err = parseType(words[2]); err != nil {
		return true, err
	}
	switch {
	case !l.whole: // which of the two it is cannot be known
		return true, errCut
	case len(words) == 4 && !isReply:
		return true, u.query(keyOf(q, ""), q)
	case len(words) < 8 || isQuery:
		return true, errCut
	}
	rcode, known := dns.StringToRcode[words[4]]
	if !known { // no reply was sent
		return true, nil
	}
	return true, u.reply(keyOf(q, ""), q, answer(rcode))
}

// longestIdentity bounds what log-identity puts before a line.
const longestIdentity = 80

func (unbound) end() error { return nil }
