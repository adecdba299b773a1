package lab

import (
	"errors"
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"
)

// Upstream is an authority on loopback, over UDP and TCP, that writes down
// what it is asked. Safe for concurrent use.
type Upstream struct {
	Addr string

	servers [2]*dns.Server
	mu      sync.Mutex
	asked   []dns.Question
}

// Answer makes the reply to a query; it may be nil, and then is never sent.
type Answer func(r *dns.Msg) *dns.Msg

// StartUpstream starts it. Stop ends it.
func StartUpstream(answer Answer) (*Upstream, error) {
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	u := &Upstream{Addr: net.JoinHostPort("127.0.0.1", port)}
	handler := dns.HandlerFunc(func(w dns.ResponseWriter, r *dns.Msg) {
		u.mu.Lock()
		u.asked = append(u.asked, r.Question...)
		u.mu.Unlock()
		m := answer(r)
		if m == nil {
			return
		}
		if _, udp := w.LocalAddr().(*net.UDPAddr); udp {
			size := dns.MinMsgSize
			if opt := r.IsEdns0(); opt != nil {
				size = int(opt.UDPSize())
			}
			m.Truncate(size)
		}
		w.WriteMsg(m)
	})
	for i, network := range []string{"udp", "tcp"} {
		ready := make(chan error, 1)
		s := &dns.Server{Addr: u.Addr, Net: network, Handler: handler, NotifyStartedFunc: func() { ready <- nil }}
		go func() {
			if err := s.ListenAndServe(); err != nil {
				ready <- err
			}
		}()
		if err := <-ready; err != nil {
			u.Stop()
			return nil, err
		}
		u.servers[i] = s
	}
	return u, nil
}

// Stop ends it.
func (u *Upstream) Stop() error {
	var errs []error
	for _, s := range u.servers {
		if s != nil {
			errs = append(errs, s.Shutdown())
		}
	}
	return errors.Join(errs...)
}

// Asked is how many questions came for names in or below the zone.
func (u *Upstream) Asked(zone string) (n int) {
	zone = strings.ToLower(dns.Fqdn(zone))
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, q := range u.asked {
		if dns.IsSubDomain(zone, strings.ToLower(q.Name)) {
			n++
		}
	}
	return n
}

// Questions are all that came, as they were spelled.
func (u *Upstream) Questions() []dns.Question {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.asked)
}

// Address answers every question for an A or AAAA with one record, and any
// other with none.
func Address(r *dns.Msg) *dns.Msg {
	m := new(dns.Msg)
	m.SetReply(r)
	if len(r.Question) == 0 {
		return m
	}
	hdr := dns.RR_Header{Name: r.Question[0].Name, Rrtype: r.Question[0].Qtype, Class: dns.ClassINET, Ttl: 60}
	switch hdr.Rrtype {
	case dns.TypeA:
		m.Answer = []dns.RR{&dns.A{Hdr: hdr, A: net.IPv4(192, 0, 2, 1)}}
	case dns.TypeAAAA:
		m.Answer = []dns.RR{&dns.AAAA{Hdr: hdr, AAAA: net.ParseIP("2001:db8::1")}}
	}
	return m
}
