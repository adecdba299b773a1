package capture

import (
	"net/netip"
	"strings"
)

// newBIND reads category "queries" of BIND 9 (lib/ns/query.c, log_query; looked
// at up to 9.18):
//
//	client @0x7f2 192.0.2.1#4000 (www.example.net): view v: query: www.example.net IN A +E(0)K (192.0.2.53) [ECS …]
//
// with print-time (local, iso8601, iso8601-utc), print-category and
// print-severity or without. Before 9.11 there was no @0x…, before 9.8 no name
// in brackets; a TSIG key follows the port.
func newBIND(r *reading) lineReader { return stateless{r, readBIND} }

func readBIND(r *reading, l *line) (bool, error) {
	s := string(l.text)
	at := strings.Index(s, "client ")
	if at < 0 || at > 40 || at > 0 && (s[at-1] != ' ' || strings.Trim(s[:at], "abcdefghijklmnopqrstuvwxyz0123456789-: ") != "") {
		return false, nil
	}
	s = s[at+len("client "):]
	if strings.HasPrefix(s, "@0x") {
		_, s, _ = strings.Cut(s, " ")
	}
	who, rest, ok := strings.Cut(s, "#")
	if !ok {
		return false, nil
	}
	client, err := netip.ParseAddr(who)
	if err != nil {
		return false, nil
	}
	_, asked, ok := strings.Cut(rest, ": query: ")
	if !ok {
		r.skipLine("BIND lines that are no queries")
		return true, nil
	}
	words := strings.SplitN(asked, " ", 4)
	if len(words) < 4 {
		return true, errCut
	}
	q := &Query{At: l.at, Client: client, Name: words[0]}
	if q.Type, err = parseType(words[2]); err != nil {
		return true, err
	}
	return true, r.answered(q, nil)
}
