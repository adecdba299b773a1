package notunnel

import "github.com/notunnel/notunnel/plugin/forecast"

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
