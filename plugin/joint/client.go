package joint

import (
	"bytes"
	"math/bits"

	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/plugin/keyhash"
	"github.com/notunnel/notunnel/plugin/window"
)

const (
	// MaxSLDs is the most SLDs that a window rests on.
	MaxSLDs = 32
	// MaxEvents is the most events of a window.
	MaxEvents = 64

	maxLabels = 128 // remembered
	maxName   = 47  // bytes of an SLD; of a longer one no text is kept
	maxLast   = 64  // bytes of the last name
)

// client is the window of one client, 4.1 KiB. The zero value is an empty one. It
// holds no pointers and knows no locks.
type client struct {
	events [MaxEvents]event // oldest first
	slds   [MaxSLDs]sld
	labels [maxLabels]uint32 // that came lately, with the SLD that they came under, see mark
	last   [maxLast]byte     // end of the last name
	ends   uint8             // bytes of last
	size   uint8             // events
	next   uint8             // place of the next label
}

// event is a name.
type event struct {
	at       window.Tick
	name     uint32 // of the prefix's hash
	down     uint16 // bytes of information that came in
	bits     uint16 // of information
	fresh    uint8  // bytes that are new
	whole    uint8  // bytes of the prefix
	longest  uint8  // bytes of the longest label
	labels   uint8
	shared   uint8 // labels that came under another SLD before
	digits   uint8
	entropy  uint8 // 1/entropyUnit bits
	shape    uint16
	sld      uint8 // place in the list
	answered bool
}

const entropyUnit = 32

// sld is one of those that events are of.
type sld struct {
	pair uint64
	cut  bool  // what is asked for below it is blocked
	size uint8 // of the name
	name [maxName]byte
}

// observe takes a query in. It returns false if it says too little.
func (c *client) observe(q *Query, config *Config) bool {
	c.slide(q.At, config.Span)
	if s := c.find(q.Pair); s != nil && s.cut {
		c.size = 0 // a block ends in a fresh window
	}
	known, shared := c.meet(q, &config.Key)
	text := window.Novel(q.Room[:0], q.Prefix, c.last[:c.ends], &known)
	n := config.Bits(text)
	if n < config.Least {
		return false
	}
	c.ends = uint8(copy(c.last[:], q.Prefix[max(len(q.Prefix)-maxLast, 0):]))
	if c.size == MaxEvents {
		c.drop(1)
	}
	place, m, whole := c.place(q), feature.Measure(q.Prefix), feature.ShapeOf(q.Prefix)
	c.events[c.size] = event{
		at: q.At, name: uint32(q.Hash), bits: uint16(n),
		fresh: uint8(len(text)), whole: uint8(whole.Len), longest: uint8(whole.Longest), labels: uint8(whole.Labels), shared: uint8(shared),
		digits: uint8(m.Digits()), entropy: uint8(m.Entropy * entropyUnit), shape: shape(q.Prefix), sld: place,
	}
	c.size++
	return true
}

// slide forgets what is older than the span. After a clock is set back the window
// begins anew.
func (c *client) slide(now, span window.Tick) {
	if c.size > 0 && window.SetBack(c.events[c.size-1].at, now) {
		c.size = 0
	}
	old := uint8(0)
	for old < c.size && int32(now-c.events[old].at) > int32(span) {
		old++
	}
	c.drop(old)
}

// drop forgets the oldest events.
func (c *client) drop(n uint8) {
	c.size = uint8(copy(c.events[:], c.events[n:c.size]))
}

// meet says which labels of a prefix the client knows, and how many came under another
// SLD, and remembers all.
func (c *client) meet(q *Query, key *keyhash.Key) (known window.Labels, shared int) {
	rest := q.Prefix
	for i := 0; len(rest) > 0; i++ {
		start := bytes.LastIndexByte(rest, '.') + 1
		mark := mark(key.Sum(rest[start:]), q.Pair)
		rest = rest[:max(start-1, 0)]
		here, elsewhere := false, false
		for _, l := range c.labels {
			if l>>ownBits == mark>>ownBits {
				here, elsewhere = here || l == mark, elsewhere || l != mark
			}
		}
		if here || elsewhere {
			known.Set(i)
		}
		if elsewhere {
			shared++
		}
		if !here {
			c.labels[c.next%maxLabels] = mark
			c.next++
		}
	}
	return known, shared
}

const ownBits = 8

// mark is a label with the SLD that it came under, never 0: 24 bits of its hash and 8
// of the pair's.
func mark(label, pair uint64) uint32 {
	return uint32(label|1<<31)&^(1<<ownBits-1) | uint32(pair>>32)&(1<<ownBits-1)
}

// place is that of the query's SLD in the list. If there is none free, the SLD goes
// that was asked for least lately, with its events.
func (c *client) place(q *Query) uint8 {
	var used uint32
	for i := int(c.size) - 1; i >= 0; i-- {
		place := c.events[i].sld
		if c.slds[place].pair == q.Pair {
			return place
		}
		if used |= 1 << place; used == 1<<MaxSLDs-1 {
			c.leave(place)
			used &^= 1 << place
			break
		}
	}
	free := uint8(bits.TrailingZeros32(^used))
	s := &c.slds[free]
	s.pair, s.cut, s.size = q.Pair, false, 0
	if len(q.SLD) <= maxName {
		s.size = uint8(copy(s.name[:], q.SLD))
	}
	return free
}

// leave forgets the events below an SLD.
func (c *client) leave(place uint8) {
	kept := c.events[:0]
	for _, e := range c.events[:c.size] {
		if e.sld != place {
			kept = append(kept, e)
		}
	}
	c.size = uint8(len(kept))
}

// find returns the SLD of a pair, nil if no event is below it.
func (c *client) find(pair uint64) *sld {
	for _, e := range c.events[:c.size] {
		if s := &c.slds[e.sld]; s.pair == pair {
			return s
		}
	}
	return nil
}

// learn joins a reply to an event.
func (c *client) learn(pair, prefix uint64, news int) {
	for i := int(c.size) - 1; i >= 0; i-- {
		if e := &c.events[i]; e.name == uint32(prefix) && c.slds[e.sld].pair == pair {
			e.answered = true
			e.down += uint16(min(news, int(^e.down)))
			return
		}
	}
}

// shape is how a prefix is laid out: how many labels it has, which of them is the
// longest, and of what that consists.
func shape(prefix []byte) uint16 {
	labels, longest, at := 0, []byte(nil), 0
	for len(prefix) > 0 {
		start := bytes.LastIndexByte(prefix, '.') + 1
		if label := prefix[start:]; len(label) > len(longest) {
			longest, at = label, labels
		}
		labels, prefix = labels+1, prefix[:max(start-1, 0)]
	}
	kinds := uint16(0)
	for _, c := range longest {
		switch {
		case 'a' <= c && c <= 'z':
			kinds |= 1
		case '0' <= c && c <= '9':
			kinds |= 2
		case c == '-':
			kinds |= 4
		default:
			kinds |= 8
		}
	}
	return uint16(min(labels, 15))<<12 | uint16(min(at, 15))<<8 | uint16(bits.Len(uint(len(longest))))<<4 | kinds
}

// summarize adds up the events.
func (c *client) summarize(s *Summary) {
	s.Joint = feature.Joint{} // a part is written when it is come to
	var parts [MaxSLDs]*Part  // by place in the list
	var shapes [MaxEvents]uint16
	var slds [MaxEvents]uint8
	for i := range c.events[:c.size] {
		e := &c.events[i]
		p := parts[e.sld]
		if p == nil {
			p = &s.Parts[s.SLDs]
			*p = Part{Pair: c.slds[e.sld].pair, Cut: c.slds[e.sld].cut, size: c.slds[e.sld].size, name: c.slds[e.sld].name}
			parts[e.sld] = p
			s.SLDs++
		}
		p.Events++
		p.Labels += int(e.labels)
		p.Shared += int(e.shared)
		s.Events++
		s.Labels += int(e.labels)
		s.Shared += int(e.shared)
		s.Bits += int(e.bits)
		s.New += int(e.fresh)
		s.Bytes += int(e.whole)
		s.BytesSq += int(e.whole) * int(e.whole)
		s.Longest += int(e.longest)
		s.Digits += int(e.digits)
		s.Entropy += float64(e.entropy) / entropyUnit
		if e.answered {
			s.Answered++
			s.Down += int(e.down)
		}
		shapes[i], slds[i] = e.shape, e.sld
		for j, shape := range shapes[:i] {
			if shape == e.shape && slds[j] != e.sld {
				s.Alike++
				p.Alike++
				parts[slds[j]].Alike++
			}
		}
	}
	s.Apart = s.Events * s.Events
	for i := range s.Parts[:s.SLDs] {
		s.Apart -= s.Parts[i].Events * s.Parts[i].Events
	}
	s.Apart /= 2
}
