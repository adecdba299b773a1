package window

import (
	"sync/atomic"

	"github.com/notunnel/notunnel/model/feature"
)

// costly remembers the two expensive measures of prefixes, so that those which come
// again, in whatever window, do not run the models each time. An entry is the
// upper 40 bits of the prefix's hash, its loss as panes sum it up and its
// segments. The table is direct-mapped: a prefix that shares a place with another
// one is measured again, nothing worse. Safe for concurrent use.
type costly [1 << costlyBits]atomic.Uint64

const (
	costlyBits = 15 // 256 KiB
	hashMask   = ^uint64(1<<24 - 1)
)

// recall measures a prefix whose costly measures are at hand.
func (c *costly) recall(q *Query, m *Measures) bool {
	known := c[q.Hash%uint64(len(c))].Load()
	if known&hashMask != q.Hash&hashMask || known == 0 {
		return false
	}
	m.Prefix, m.Loss, m.Segments = feature.Measure(q.Prefix), float32(uint16(known>>8))/lossUnit, int(uint8(known))
	return true
}

func (c *costly) remember(hash uint64, m *Measures) {
	c[hash%uint64(len(c))].Store(hash&hashMask | uint64(fixed(m.Loss, lossUnit))<<8 | uint64(uint8(m.Segments)))
}
