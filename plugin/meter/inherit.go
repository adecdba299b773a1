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
		var held []copied
		s := from.here.Shard(i)
		s.Lock()
		s.Each(func(key uint64, a *Account) { held = append(held, copied{key, *a}) })
		s.Unlock()
		for j := range held {
			m.inherit(from, &held[j])
		}
	}
}

// copied is an account by itself.
type copied struct {
	key uint64
	Account
}

func (m *Meter) inherit(from *Meter, a *copied) {
	s := m.of(a.key)
	s.Lock()
	defer s.Unlock()
	if s.Peek(a.key) == nil {
		*s.Make(a.key, func(key uint64, gone *Account) { m.Let(key, gone, timeOf(a.part)) }) = m.Adopt(from, a.Account)
	}
}

// Adopt makes an account of another meter under the same key one of this one, after
// Inherit.
func (m *Meter) Adopt(from *Meter, a Account) Account {
	a.known = false     // by these limits and this list
	if !m.alike(from) { // what it had spent before counts as if spent now
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
	held.buckets = slices.Clone(held.buckets)
	from.mu.Unlock()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.made += made // no identity comes twice
	if g.held.buckets == nil {
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
