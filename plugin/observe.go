package notunnel

import (
	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/forecast"
)

// What is observed beside the queries: so many domains and clients, 23 MiB with every
// place taken, and one name in so many.
const (
	observedDomains = 1 << 13
	observedNames   = 32
)

// observe makes an observer if somebody can ask for what it sees, or takes over that of
// the engine before.
func (s *sharedEngine) observe(prev *sharedEngine) {
	if s.config.admin == "" {
		return
	}
	if prev != nil {
		s.observer = prev.observer
	}
	if s.observer == nil {
		s.observer = forecast.New(forecast.Config{Domains: observedDomains, Every: observedNames}, s.begun)
	}
	s.config.engine.Metered = s.observer.Metered
}

// observed shows a query and its reply to the observer, if the name is one of those that
// it looks at.
func (s *sharedEngine) observed(w dns.ResponseWriter, r, m *dns.Msg, at moment) {
	asked := &r.Question[0]
	if s.observer == nil || !s.observer.Samples(asked.Name) {
		return
	}
	d := decisions.Get().(*detect.Decision)
	defer decisions.Put(d)
	e, then := s.engine(), at.time()
	e.Identify(detect.Query{Name: asked.Name, Type: asked.Qtype, Client: clientOf(w), At: then}, d)
	if d.Why == detect.Judged || d.Why == detect.Reverse {
		s.observer.Exchange(e, &d.Subject, asked.Qtype, m, then)
	}
}
