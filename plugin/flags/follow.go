package flags

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Kind is what became of a flag.
type Kind uint8

const (
	Raised   Kind = iota
	Expired       // no query of its pair came for long enough
	Evicted       // another flag needed the room
	Released      // a person released it
	Allowed       // its scope was allowed
)

func (k Kind) String() string {
	return [...]string{"raised", "expired", "evicted", "released", "allowed"}[k]
}

// Change is what followers are notified of.
type Change struct {
	Kind Kind
	Flag Flag // as it was then; its slices are not to be changed
}

// Follow has f called with each change from now on, one at a time and in the order in
// which they happen. f is called by whoever brings a change about, who waits for
// it, but under no lock that other queries need. It must not change the table.
func (t *Table) Follow(f func(Change)) {
	t.news.mu.Lock()
	defer t.news.mu.Unlock()
	t.news.followers = append(slices.Clip(t.news.followers), f)
}

// news are the changes that followers have not been notified of yet: those of the
// calls that are under way.
type news struct {
	mu        sync.Mutex
	changes   []Change
	followers []func(Change)
	waiting   atomic.Bool // there are changes

	notifying sync.Mutex
}

// add notes a change. A lock of the table is held, so that order is kept.
func (n *news) add(k Kind, f *Flag) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.followers) > 0 {
		n.changes = append(n.changes, Change{Kind: k, Flag: *f})
		n.waiting.Store(true)
	}
}

// notify passes on what there is. No lock of the table is held.
func (n *news) notify() {
	if !n.waiting.Load() {
		return
	}
	n.notifying.Lock()
	defer n.notifying.Unlock()
	n.mu.Lock()
	changes, followers := n.changes, n.followers
	n.changes = nil
	n.waiting.Store(false)
	n.mu.Unlock()
	for _, c := range changes {
		for _, follow := range followers {
			follow(c)
		}
	}
}
