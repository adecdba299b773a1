package lab

import (
	"fmt"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/cmd/notunnel/capture"
)

// Sample is the lookups of a capture, in order.
type Sample struct {
	Lookups []Lookup
	replies map[dns.Question]*dns.Msg
}

// Lookup is one query of a sample.
type Lookup struct {
	Name   string
	Type   uint16
	Client string
}

// ReadSample reads a capture.
func ReadSample(path string) (*Sample, error) {
	s := &Sample{replies: map[dns.Question]*dns.Msg{}}
	if _, err := capture.Read(path, s); err != nil {
		return nil, err
	}
	if len(s.Lookups) == 0 {
		return nil, fmt.Errorf("%s: no query in it", path)
	}
	return s, nil
}

// Query implements capture.Visitor.
func (s *Sample) Query(q *capture.Query) error {
	s.Lookups = append(s.Lookups, Lookup{dns.Fqdn(q.Name), q.Type, q.Client.String()})
	return nil
}

// Reply implements capture.Visitor.
func (s *Sample) Reply(q *capture.Query, m *dns.Msg) error {
	s.replies[dns.Question{Name: dns.Fqdn(q.Name), Qtype: q.Type, Qclass: dns.ClassINET}] = m
	return nil
}

// Answer replies as the recording did, to the letter case; to a question that
// is not in it as Address does.
func (s *Sample) Answer(r *dns.Msg) *dns.Msg {
	if len(r.Question) == 0 || s.replies[r.Question[0]] == nil {
		return Address(r)
	}
	m := s.replies[r.Question[0]].Copy()
	m.Id = r.Id
	if r.IsEdns0() == nil { // the one in the recording may have had it
		m.Extra = nil
	}
	return m
}

// Knows reports whether a reply to the question was recorded.
func (s *Sample) Knows(q dns.Question) bool { return s.replies[q] != nil }
