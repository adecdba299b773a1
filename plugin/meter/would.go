package meter

// Would says what Query would say of a query, and charges nothing. ok is false if the
// pair has no account: then all limits are far.
func (m *Meter) Would(q Query) (o Outcome, ok bool) {
	s := m.of(q.Pair)
	s.mu.Lock()
	ok = s.find(q.Pair) != nil
	s.mu.Unlock()
	if !ok {
		return o, false
	}
	q.Dry = true
	return m.Query(&q), true
}
