package events

import "sync"

// Pool has the receivers of a process, one for each target, which goes on for as long as
// somebody names it. Safe for concurrent use.
type Pool struct {
	settings Settings
	mu       sync.Mutex
	open     map[string]*shared // by target
}

type shared struct {
	*receiver
	users int
}

// NewPool makes one without receivers.
func NewPool(s Settings) *Pool { return &Pool{settings: s, open: map[string]*shared{}} }

// Feed is some targets in use. nil has none.
type Feed struct {
	pool *Pool
	to   []*shared
}

// Open takes targets into use, until Close. It fails if a file cannot be opened.
func (p *Pool) Open(targets []Target) (*Feed, error) {
	f := &Feed{pool: p}
	for _, t := range targets {
		s, err := p.use(t)
		if err != nil {
			f.Close()
			return nil, err
		}
		f.to = append(f.to, s)
	}
	return f, nil
}

// use takes one target into use.
func (p *Pool) use(t Target) (*shared, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.open[t.key()]
	if s == nil {
		r, err := newReceiver(t, &p.settings)
		if err != nil {
			return nil, err
		}
		s = &shared{receiver: r}
		p.open[t.key()] = s
	}
	s.users++
	return s, nil
}

// Same reports whether two targets are one.
func (t Target) Same(other Target) bool { return t.key() == other.key() }

// Keys tells sets of targets apart. It may hold passwords.
func Keys(targets []Target) (keys []string) {
	for _, t := range targets {
		keys = append(keys, t.key())
	}
	return keys
}

// key tells targets apart.
func (t Target) key() string {
	if t.kind == "file" {
		return t.path
	}
	return t.text
}

// Tell tells all of an event. It never waits for any.
func (f *Feed) Tell(e *Event) {
	if f == nil {
		return
	}
	for _, s := range f.to {
		s.tell(e)
	}
}

// Any reports whether somebody is told.
func (f *Feed) Any() bool { return f != nil && len(f.to) > 0 }

// Close ends the use. What waits for a target that nobody uses any more is tried for a
// moment.
func (f *Feed) Close() {
	if f == nil {
		return
	}
	f.pool.mu.Lock()
	var unused []*shared
	for _, s := range f.to {
		if s.users--; s.users == 0 {
			delete(f.pool.open, s.target.key())
			unused = append(unused, s)
		}
	}
	f.to = nil
	f.pool.mu.Unlock()
	var wait sync.WaitGroup
	for _, s := range unused {
		wait.Go(s.end)
	}
	wait.Wait()
}
