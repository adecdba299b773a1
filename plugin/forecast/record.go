package forecast

import (
	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/notunnel/notunnel/plugin/flags"
)

// mostFlags is how many flags are remembered after their end, at some 2 KiB each.
const mostFlags = 1 << 12

// record remembers flags, those that have ended too.
type record struct {
	flags *simplelru.LRU[uint64, *raised]
	lost  int // flags that there was no room for
}

// raised is a flag as it was last, and how often it was raised.
type raised struct {
	flags.Flag
	times  int
	before uint64 // queries that it blocked when it was raised before
}

func newRecord() record {
	// The size is positive, the only thing that NewLRU can object to.
	l, _ := simplelru.NewLRU[uint64, *raised](mostFlags, nil)
	return record{flags: l}
}

func (r *record) take(c *flags.Change) {
	known, ok := r.flags.Get(c.Flag.ID)
	if !ok {
		known = &raised{}
		if r.flags.Add(c.Flag.ID, known) {
			r.lost++
		}
	}
	if c.Kind == flags.Raised {
		known.times++
		if ok {
			known.before += known.Blocked
		}
	}
	known.update(&c.Flag)
}

// update takes over a flag as it is now, but for its beginning if it was raised before.
func (r *raised) update(now *flags.Flag) {
	since := r.Since
	if r.Flag = *now; !since.IsZero() && since.Before(r.Since) {
		r.Since = since
	}
}
