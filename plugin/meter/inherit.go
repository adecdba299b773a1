package meter

import "slices"

// Inherit takes over what a meter under the same key has of accounts that this one
// does not have. Of more than there is room for, any are kept, and what the others
// had spent is remembered; what the other meter remembered of accounts that it had to
// let go is taken over if both hold as many. The other meter stays as it is; both may
// be in use meanwhile. Two meters must not inherit from each other at the same time.
func (m *Meter) Inherit(from *Meter) {
	alike := len(m.shards) == len(from.shards) && m.config.Capacity == from.config.Capacity
	if alike {
		m.paid.inherit(&from.paid)
	}
	for i := range from.shards {
		accounts, before, made := from.shards[i].copies()
		if alike {
			m.shards[i].inheritPast(before, made)
		}
		for j := range accounts {
			if a := &accounts[j]; !alike { // what it had spent before counts as if spent now
				a.up.add(a.before.up)
				a.down.add(a.before.down)
				a.before = amount{}
			}
			m.inherit(&accounts[j])
		}
	}
}

// copies are the shard's accounts, what it remembers of others, and how many it made.
func (s *shard) copies() (accounts []account, p past, made uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.used {
		accounts = append(accounts, *s.at(i))
	}
	p = s.past
	p.buckets = slices.Clone(p.buckets)
	return accounts, p, s.made
}

// inheritPast is for a shard that has nothing to remember yet; one that is in use goes
// on with its own.
func (s *shard) inheritPast(p past, made uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made += made // no identity comes twice
	if s.used == 0 && s.past.buckets == nil {
		s.past = p
	}
}

// inherit takes all entries over, for those that stand there.
func (p *paid) inherit(from *paid) {
	for i := range from.lines {
		for j := range from.lines[i] {
			if e := from.lines[i][j].Load(); e != 0 {
				p.lines[i][j].Store(e)
			}
		}
	}
}

func (m *Meter) inherit(a *account) {
	s := m.of(a.key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.find(a.key) != nil {
		return
	}
	known := s.make(a.key, func(gone *account) {
		s.let(gone, timeOf(a.part))
	})
	*known = *a
	known.known = false // by these limits and this list
}
