package capture

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"time"

	"github.com/miekg/dns"
)

// newAdGuard reads AdGuard Home's querylog.json (internal/querylog/decode.go;
// 0.104 to 0.107): an object for each exchange, the reply in Answer as it was on
// the wire.
func newAdGuard(r *reading) lineReader { return stateless{r, readAdGuard} }

func readAdGuard(r *reading, l *line) (bool, error) {
	if l.text[0] != '{' || !bytes.Contains(l.text, []byte(`"QH":`)) {
		return false, nil
	}
	var entry struct {
		At     time.Time  `json:"T"`
		Name   string     `json:"QH"`
		Type   string     `json:"QT"`
		Client netip.Addr `json:"IP"`
		Answer []byte     `json:"Answer"`
	}
	if err := json.Unmarshal(l.text, &entry); err != nil {
		return true, err
	}
	q := &Query{At: entry.At, Client: entry.Client, Name: entry.Name}
	if q.Name == "" {
		q.Name = "."
	}
	var err error
	if q.Type, err = parseType(entry.Type); err != nil {
		return true, err
	}
	if len(entry.Answer) == 0 {
		return true, r.answered(q, nil)
	}
	m := new(dns.Msg)
	if err := m.Unpack(entry.Answer); err != nil && len(m.Question) == 0 {
		r.stats.Malformed.Add("line %d: AdGuard Home: Answer: %v", r.number, err)
		return true, r.answered(q, nil)
	}
	return true, r.answered(q, m)
}
