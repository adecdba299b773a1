package window

import (
	"sync/atomic"

	"github.com/notunnel/notunnel/model/feature"
)

// costly remembers the expensive measures of texts, so that what comes again, in
// whatever window, does not run the models each time. An entry is the upper 29 bits of
// the hash, the bits, the loss as panes sum it up and the segments. The table is
// direct-mapped: what shares a place with another is measured again, nothing worse. Safe
// for concurrent use.
type costly [1 << costlyBits]atomic.Uint64

const (
	costlyBits = 15 // 256 KiB
	hashMask   = ^uint64(1<<35 - 1)
)

// recall fills in the measures of a text if the expensive ones are at hand.
func (c *costly) recall(text []byte, hash uint64, m *Measures) bool {
	known := c[hash%uint64(len(c))].Load()
	if known&hashMask != hash&hashMask || known == 0 {
		return false
	}
	m.Text, m.Loss, m.Segments = feature.Measure(text), float32(uint16(known>>8))/lossUnit, int(uint8(known))
	m.Bits = int(known >> 24 & mostBits)
	return true
}

func (c *costly) remember(hash uint64, m *Measures) {
	c[hash%uint64(len(c))].Store(hash&hashMask | uint64(min(m.Bits, mostBits))<<24 | uint64(fixed(m.Loss, lossUnit))<<8 | uint64(uint8(m.Segments)))
}
