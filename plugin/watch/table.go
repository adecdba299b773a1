// Package watch keeps by name which pairs of domain and client are worth a look: those
// that a model suspects on too little evidence, and those that have spent a good part of
// a budget. It decides nothing.
package watch

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/notunnel/notunnel/plugin/subject"
)

// Capacity is how many pairs a table holds, at some 500 bytes each. When one more comes,
// the one that was noted the longest ago goes.
const Capacity = 4096

// keep is how long a pair is shown after it was noted last.
const keep = 24 * time.Hour

// Pair is a domain and a client.
type Pair struct {
	SLD    string // canonical
	Client subject.Client
	Name   string // the last name that it was noted for, canonical

	Watched     bool    // on too little evidence
	Score       float64 // of the window, if Watched
	Up, Down    uint64  // bytes of information that passed in the day before
	Quarters    int     // of a budget that are spent, as far as that is told: 2 at most
	First, Last time.Time
}

// Table holds pairs. Safe for concurrent use.
type Table struct {
	mu    sync.Mutex
	pairs *simplelru.LRU[key, *Pair]
}

type key struct {
	sld    string
	client subject.Client
}

// New makes an empty table.
func New() *Table {
	// The size is positive, the only thing that NewLRU can object to.
	pairs, _ := simplelru.NewLRU[key, *Pair](Capacity, nil)
	return &Table{pairs: pairs}
}

// Note notes a pair as it is now. It reports whether that has spent more quarters of a
// budget than ever in the last day.
func (t *Table) Note(p Pair) (more bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k := key{sld: p.SLD, client: p.Client}
	p.First, more = p.Last, p.Quarters > 0
	if before, ok := t.pairs.Get(k); ok && p.Last.Sub(before.Last) < keep {
		p.First = before.First
		if !p.Watched {
			p.Watched, p.Score = before.Watched, before.Score
		}
		more = p.Quarters > before.Quarters
		p.Quarters = max(p.Quarters, before.Quarters)
	}
	t.pairs.Add(k, &p)
	return more
}

// All are the pairs of the last day, those noted last first.
func (t *Table) All(at time.Time) (all []Pair) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range t.pairs.Values() {
		if at.Sub(p.Last) < keep {
			all = append(all, *p)
		}
	}
	slices.SortStableFunc(all, func(a, b Pair) int { return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(a.SLD, b.SLD)) })
	return all
}
