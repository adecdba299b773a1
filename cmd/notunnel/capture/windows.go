package capture

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// windows reads packets of the debug log of Windows' DNS server (2003 to 2025):
//
//	3/7/2023 10:10:10 AM 0E6C PACKET  000000000624C5C0 UDP Rcv 192.0.2.1       5c3f   Q [0001   D   NOERROR] A      (3)www(7)example(3)net(0)
//
// Queries received and replies sent are those of clients; what goes between the
// server and others is left out, and so are the details of packets and other
// lines.
type windows struct {
	*pairing
	dates *dateOrder
}

func newWindows(r *reading) lineReader {
	return &windows{pairing: newPairing(r), dates: &dateOrder{times: r.times}}
}

func (w *windows) read(l *line) (bool, error) {
	before, after, ok := bytes.Cut(l.text, []byte(" PACKET "))
	if !ok {
		return w.about(l), nil
	}
	words := strings.Fields(string(after))
	if len(words) > 0 && words[0] != "UDP" && words[0] != "TCP" { // the packet's address in memory
		words = words[1:]
	}
	if len(words) < 3 || words[0] != "UDP" && words[0] != "TCP" || words[1] != "Rcv" && words[1] != "Snd" {
		return false, nil
	}
	received := words[1] == "Rcv"
	client, err := netip.ParseAddr(words[2])
	if err != nil {
		return true, err
	}
	inner, asked, ok := strings.Cut(string(after), "] ")
	head, flags, isOpen := strings.Cut(inner, "[")
	if !ok || !isOpen || len(words) < 4 {
		return true, errCut
	}
	kinds, code := strings.Fields(head), strings.Fields(flags)
	if len(kinds) == 0 || len(code) == 0 {
		return true, errCut
	}
	reply := len(kinds) > 1 && kinds[len(kinds)-2] == "R"
	if kinds[len(kinds)-1] != "Q" || received == reply {
		return true, nil // no query, or between servers
	}
	what := strings.Fields(asked)
	if len(what) < 2 {
		return true, errCut
	}
	q := &Query{At: l.at, Client: client}
	if q.Type, err = parseType(what[0]); err != nil {
		return true, err
	}
	if q.Name, ok = counted(what[1]); !ok {
		return true, errCut
	}
	e := windowsEntry{windows: w, query: q, id: words[3]}
	if reply {
		e.reply = answer(dns.StringToRcode[code[len(code)-1]])
	}
	return true, w.dates.take(string(before), e)
}

func (w *windows) end() error { return w.dates.decide() }

// about reports whether a line is one of the others of such a log.
func (w *windows) about(l *line) bool {
	for _, begin := range []string{"DNS Server log file", "Log file wrap at", "Message logging key", "UDP question info", "UDP response info", "TCP question info", "TCP response info"} {
		if bytes.HasPrefix(l.text, []byte(begin)) {
			return true
		}
	}
	return l.follows && (l.text[0] == ' ' || l.text[0] == '\t' || bytes.Contains(l.text, []byte(" EVENT ")))
}

// windowsEntry is an entry whose date may not be understood yet.
type windowsEntry struct {
	windows *windows
	query   *Query
	id      string
	reply   *dns.Msg // nil of a query
	date    numbers
}

func (e *windowsEntry) pass() error {
	key := keyOf(e.query, e.id)
	if e.reply == nil {
		return e.windows.query(key, e.query)
	}
	return e.windows.pairing.reply(key, e.query, e.reply)
}

// counted reads a name whose labels come after their lengths: (3)www(0).
func counted(s string) (string, bool) {
	var name strings.Builder
	for {
		if !strings.HasPrefix(s, "(") {
			return "", false
		}
		digits, rest, ok := strings.Cut(s[1:], ")")
		n, err := strconv.Atoi(digits)
		if !ok || err != nil || n < 0 {
			return "", false
		}
		if n == 0 {
			if name.Len() == 0 {
				return ".", true
			}
			return name.String(), true
		}
		// A byte may be written as several: then the next length tells the end.
		if n >= len(rest) || rest[n] != '(' {
			if n = strings.IndexByte(rest, '('); n < 0 {
				return "", false
			}
		}
		for i := range n {
			if c := rest[i]; c == '.' || c == '\\' {
				name.WriteByte('\\')
			}
			name.WriteByte(rest[i])
		}
		name.WriteByte('.')
		s = rest[n:]
	}
}
