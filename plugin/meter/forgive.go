package meter

import "time"

// Forgive lets an account begin anew: nothing counts as spent. What was paid for stays
// known.
func (m *Meter) Forgive(key uint64, at time.Time) {
	s := m.of(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.past.forget(key)
	if a := s.find(key); a != nil {
		m.age(s, a, at)
		a.up, a.down, a.before = sum{}, sum{}, amount{}
	}
}

// forget forgets what was put of an account. What may be charged to it for others whose
// room was needed stays.
func (p *past) forget(key uint64) {
	if p.buckets == nil {
		return
	}
	for i := range days {
		b := &p.buckets[key>>24&p.mask][i]
		for j := range places {
			if b.prints[j] == uint16(key>>8) {
				b.up[j], b.down[j] = 0, 0
			}
		}
	}
}
