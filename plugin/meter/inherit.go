package meter

import "slices"

// Inherit takes over what a meter under the same key holds of accounts that this one
// does not have. Of more than there is room for, any are kept, and what the others
// had spent is remembered; what was paid for, and what the other meter remembered of
// accounts that it had to let go, is taken over if both are of one capacity. The other meter
// stays as it is; both may be in use meanwhile. Two meters must not inherit from each other
// at the same time.
func (m *Meter) Inherit(from *Meter) {
	if m.alike(from) {
		m.paid.inherit(&from.paid)
		for i := range m.before {
			m.before[i].inherit(&from.before[i])
		}
	}
	for i := range from.here.Len() {
		theirs := from.here.Shard(i)
		theirs.Lock()
		theirs.Each(func(key uint64, a *Account) { m.inherit(from, key, a, &from.rests[i]) })
		theirs.Unlock()
	}
}

func (m *Meter) inherit(from *Meter, key uint64, a *Account, theirs *Rests) {
	s, rests := m.of(key)
	s.Lock()
	defer s.Unlock()
	if s.Peek(key) == nil {
		ours := s.Make(key, func(key uint64, gone *Account) { m.Let(key, gone, rests, timeOf(a.part)) })
		*ours = m.Adopt(from, *a, rests, theirs)
	}
}

// Adopt makes an account of another meter under the same key one of this one, after
// Inherit.
func (m *Meter) Adopt(from *Meter, a Account, rests, theirs *Rests) Account {
	return m.adopt(a, m.alike(from), rests, theirs)
}

func (m *Meter) adopt(a Account, alike bool, rests, theirs *Rests) Account {
	a.known = false // by these limits and this list
	rests.copy(&a, theirs)
	if !alike { // what it had spent before counts as if spent now
		a.up.add(a.before.up)
		a.down.add(a.before.down)
		a.before = amount{}
	}
	return a
}

func (m *Meter) alike(other *Meter) bool { return m.config.Capacity == other.config.Capacity }

// inherit is for one that has nothing to remember yet; one that has goes on with its own.
func (g *guarded) inherit(from *guarded) {
	from.mu.Lock()
	held, made := from.held, from.made
	for i := range held.buckets {
		held.buckets[i] = slices.Clone(held.buckets[i])
	}
	from.mu.Unlock()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.made += made // no identity comes twice
	if g.held.empty() {
		g.held = held
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
