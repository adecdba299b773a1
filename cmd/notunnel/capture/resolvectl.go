package capture

import (
	"bytes"
	"encoding/json"

	"github.com/miekg/dns"
)

// newResolvectl reads what "resolvectl monitor --json=short" prints: the
// notifications of systemd-resolved's io.systemd.Resolve.Monitor (252 to 257).
// They tell neither a time nor who asked: all is of the machine itself.
func newResolvectl(r *reading) lineReader { return stateless{r, readResolvectl} }

func readResolvectl(r *reading, l *line) (bool, error) {
	if l.text[0] != '{' || !bytes.Contains(l.text, []byte(`"question":`)) || !bytes.Contains(l.text, []byte(`"state":`)) {
		return false, nil
	}
	var entry struct {
		State    string `json:"state"`
		Rcode    *int   `json:"rcode"`
		Question []struct {
			Type uint16 `json:"type"`
			Name string `json:"name"`
		} `json:"question"`
		Answer []struct {
			Raw []byte `json:"raw"` // the record as on the wire
		} `json:"answer"`
	}
	if err := json.Unmarshal(l.text, &entry); err != nil {
		return true, err
	}
	var m *dns.Msg
	switch {
	case entry.State == "success":
		m = answer(dns.RcodeSuccess)
	case entry.Rcode != nil:
		m = answer(*entry.Rcode & 0xfff)
	}
	for _, a := range entry.Answer {
		if rr, _, err := dns.UnpackRR(a.Raw, 0); err == nil && m != nil {
			m.Answer = append(m.Answer, rr)
		}
	}
	for _, asked := range entry.Question {
		q := &Query{At: l.at, Host: l.host, Name: asked.Name, Type: asked.Type}
		if q.Name == "" {
			q.Name = "."
		}
		if m != nil { // its records name their owners
			m.Question = []dns.Question{{Name: dns.Fqdn(q.Name), Qtype: q.Type, Qclass: dns.ClassINET}}
		}
		if err := r.answered(q, m); err != nil {
			return true, err
		}
	}
	return true, nil
}
