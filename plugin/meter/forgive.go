package meter

import "time"

// Forgive lets an account that is locked begin anew, nil if there is none: nothing counts
// as spent. What was paid for stays known.
func (m *Meter) Forgive(key uint64, a *Account, rests *Rests, at time.Time) {
	m.past(key).forget(key)
	if a == nil {
		return
	}
	m.settle(key, a, rests, at)
	a.up, a.down, a.before = sum{}, sum{}, amount{}
	if a.rest != 0 {
		more := rests.of(a)
		more.up, more.down = older{}, older{}
	}
}

// ForgiveHere is Forgive for an account that the meter holds.
func (m *Meter) ForgiveHere(key uint64, at time.Time) {
	s, rests := m.of(key)
	s.Lock()
	defer s.Unlock()
	m.Forgive(key, s.Peek(key), rests, at)
}

func (g *guarded) forget(key uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held.forget(key)
}

// forget forgets what was put of an account. What may be charged to it for others whose
// room was needed stays.
func (p *past) forget(key uint64) {
	for _, buckets := range p.buckets {
		if buckets == nil {
			continue
		}
		b := &buckets[key>>24&p.mask]
		for j := range places {
			if b.prints[j] == uint16(key>>8) {
				b.up[j], b.down[j] = 0, 0
			}
		}
	}
}
