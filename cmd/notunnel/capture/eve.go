package capture

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// eve reads the DNS events of Suricata's eve.json: version 1 (to 4.0: an event
// for each record of a reply), 2 (4.1 to 7: one for each reply, detailed or
// grouped) and 3 (from 8: queries in a list). Events of other types are counted.
type eve struct {
	*pairing
	key   waiting  // of held
	owner *Query   // what held is of if no query waits for it
	held  *dns.Msg // a reply of version 1 that may go on
}

func newEVE(r *reading) lineReader { return &eve{pairing: newPairing(r)} }

type eveEvent struct {
	Time     string     `json:"timestamp"`
	Type     string     `json:"event_type"`
	Flow     uint64     `json:"flow_id"`
	Source   netip.Addr `json:"src_ip"`
	SrcPort  uint16     `json:"src_port"`
	Dest     netip.Addr `json:"dest_ip"`
	DestPort uint16     `json:"dest_port"`
	DNS      eveDNS     `json:"dns"`
}

type eveDNS struct {
	Version int                          `json:"version"`
	Type    string                       `json:"type"`
	ID      uint16                       `json:"id"`
	Rcode   string                       `json:"rcode"`
	AA      bool                         `json:"aa"`
	Name    string                       `json:"rrname"`
	RRType  string                       `json:"rrtype"`
	Rdata   string                       `json:"rdata"`
	Queries []eveRecord                  `json:"queries"`
	Answers []eveRecord                  `json:"answers"`
	Grouped map[string][]json.RawMessage `json:"grouped"`
}

type eveRecord struct {
	Name   string `json:"rrname"`
	RRType string `json:"rrtype"`
	Rdata  string `json:"rdata"`
}

func (e *eve) read(l *line) (bool, error) {
	if l.text[0] != '{' || !bytes.Contains(l.text, []byte(`"event_type"`)) {
		return false, nil
	}
	if !bytes.Contains(l.text, []byte(`"dns"`)) {
		return e.other()
	}
	var event eveEvent
	if err := json.Unmarshal(l.text, &event); err != nil {
		return true, err
	}
	if event.Type != "dns" {
		return e.other()
	}
	d := &event.DNS
	q := &Query{Client: event.Source, Name: d.Name}
	var err error
	if q.At, err = time.Parse("2006-01-02T15:04:05.999999999Z0700", event.Time); err != nil {
		return true, fmt.Errorf("timestamp: %w", err)
	}
	qtype := d.RRType
	if len(d.Queries) > 0 {
		q.Name, qtype = d.Queries[0].Name, d.Queries[0].RRType
	}
	q.Name = zeekName(q.Name)
	q.Type = knownType(qtype)
	reply := d.Type == "answer" || d.Type == "response"
	port := event.SrcPort
	// Of a reply some versions tell the direction of the flow, others that of the packet.
	if reply && event.SrcPort == standardPort && event.DestPort != standardPort {
		q.Client, port = event.Dest, event.DestPort
	}
	key := waiting{client: q.Client, id: fmt.Sprint(d.ID, event.Flow, port)}
	if reply && d.Version < 2 && d.Answers == nil && d.Grouped == nil {
		return true, e.record(key, q, d)
	}
	if err := e.flush(); err != nil {
		return true, err
	}
	switch {
	case reply:
		return true, e.reply(key, q, d.reply())
	case d.Type == "query" || d.Type == "request":
		return true, e.query(key, q)
	}
	return true, nil
}

// other counts an event of another type.
func (e *eve) other() (bool, error) {
	e.skipLine("EVE events of other types")
	return true, nil
}

// knownType is 0 for a name that no type has.
func knownType(s string) uint16 {
	t, _ := parseType(s)
	return t
}

// reply is the message of an event.
func (d *eveDNS) reply() *dns.Msg {
	m := answer(dns.StringToRcode[d.Rcode])
	m.Authoritative = d.AA
	for _, a := range d.Answers {
		m.Answer = append(m.Answer, eveRdata(a.Rdata, a.RRType))
	}
	if len(d.Answers) > 0 {
		return m
	}
	for _, rrtype := range slices.Sorted(maps.Keys(d.Grouped)) {
		for _, raw := range d.Grouped[rrtype] {
			var rdata string
			if json.Unmarshal(raw, &rdata) == nil {
				m.Answer = append(m.Answer, eveRdata(rdata, rrtype))
			}
		}
	}
	return m
}

func eveRdata(rdata, rrtype string) dns.RR {
	t := knownType(rrtype)
	if t == dns.TypeTXT {
		return txt(strings.ReplaceAll(zeekBytes(rdata), `\`, `\\`))
	}
	return parseRdata(zeekBytes(rdata), t)
}

// record takes a record of a reply of version 1: an event that names the record's
// owner, and not what was asked for.
func (e *eve) record(key waiting, q *Query, d *eveDNS) error {
	if e.held == nil || e.key != key {
		if err := e.flush(); err != nil {
			return err
		}
		e.key, e.owner, e.held = key, q, answer(dns.StringToRcode[d.Rcode])
	}
	if d.Rdata != "" {
		e.held.Answer = append(e.held.Answer, eveRdata(d.Rdata, d.RRType))
	}
	return nil
}

// flush passes on the reply that is complete now.
func (e *eve) flush() error {
	m := e.held
	if e.held = nil; m == nil {
		return nil
	}
	return e.reply(e.key, e.owner, m)
}

func (e *eve) end() error { return e.flush() }
