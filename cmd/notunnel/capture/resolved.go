package capture

import (
	"strings"
)

// newResolved reads what systemd-resolved logs at level debug
// (resolved-dns-query.c, dns_query_go and dns_query_new; 239 to 257):
//
//	Looking up RR for www.example.net IN A.
//
// and of names beyond ASCII once more, as IDNA RR. It does not tell who asked: all is of the host.
func newResolved(r *reading) lineReader { return stateless{r, readResolved} }

func readResolved(r *reading, l *line) (bool, error) {
	s := string(l.text)
	if rest, ok := strings.CutPrefix(s, "systemd-resolved"); ok {
		_, s, _ = strings.Cut(rest, ": ")
	}
	asked, ok := strings.CutPrefix(s, "Looking up RR for ")
	if !ok { // what a client that validates asks for
		asked, ok = strings.CutPrefix(s, "Looking up bypass packet for ")
	}
	if !ok {
		return l.program == "systemd-resolved", nil
	}
	words := strings.Fields(strings.TrimSuffix(asked, "."))
	if len(words) != 3 {
		return true, errCut
	}
	q := &Query{At: l.at, Host: l.host, Name: words[0]}
	var err error
	if q.Type, err = parseType(words[2]); err != nil {
		return true, err
	}
	return true, r.answered(q, nil)
}
