package capture

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"time"
)

// newCoreDNSJSON reads what CoreDNS logs of queries with -log-format=json
// (plugin/log/README.md, from 1.15).
func newCoreDNSJSON(r *reading) lineReader { return stateless{r, readCoreDNSJSON} }

func readCoreDNSJSON(r *reading, l *line) (bool, error) {
	if l.text[0] != '{' || !bytes.Contains(l.text, []byte(`"level"`)) || !bytes.Contains(l.text, []byte(`"msg"`)) {
		return false, nil
	}
	var entry struct {
		Time   time.Time  `json:"time"`
		Plugin string     `json:"plugin"`
		Client netip.Addr `json:"client_ip"`
		Name   string     `json:"qname"`
		Type   string     `json:"qtype"`
		Rcode  string     `json:"rcode"`
	}
	if err := json.Unmarshal(l.text, &entry); err != nil {
		return true, err
	}
	if entry.Plugin != "log" {
		return true, nil // of another plugin
	}
	return true, r.corednsQuery(&Query{At: entry.Time, Client: entry.Client, Name: entry.Name}, entry.Type, entry.Rcode, false)
}
