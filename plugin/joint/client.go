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

// client is the window of one client, 4 KiB. The zero value is an empty one. It
// holds no pointers and knows no locks.
type client struct {
	sum    feature.Joint    // of the events, kept up to date as they come and go
	events [MaxEvents]event // sum.Events, oldest first
	looks  [MaxEvents]look  // of the events
	pairs  [MaxSLDs]uint64  // of the SLDs, each in a place of its own
	counts [MaxSLDs]uint8   // events below them; a place with none is free
	slds   [MaxSLDs]sld
	labels [maxLabels]uint32 // that came lately, with the SLD that they came under, see mark
	last   [maxLast]byte     // end of the last name
	ends   uint8             // bytes of last
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
	answered bool
}

const entropyUnit = 32

// look is the shape of an event above the place of its SLD. Looks stand together since
// whatever comes or goes is compared with all of them.
type look uint32

const shapeUnit = 1 << 16

func lookOf(shape uint16, place int) look { return look(shape)*shapeUnit | look(place) }

func (l look) place() int { return int(l % MaxSLDs) }

// alike reports whether two events below different SLDs are laid out alike: the places
// differ, and nothing else does.
func (l look) alike(other look) bool { return (l^other)-1 < shapeUnit-1 }

// sld is one of those that events are below.
type sld struct {
	cut  bool  // what is asked for below it is blocked
	size uint8 // of the name
	name [maxName]byte
}

// observe takes a query in. It returns false if it says too little.
func (c *client) observe(q *Query, config *Config) bool {
	c.slide(q.At, config.Span)
	place, held := c.find(q.Pair)
	if held && c.slds[place].cut {
		c.clear() // a block ends in a fresh window
		held = false
	}
	known, shared := c.meet(q, &config.Key)
	text := window.Novel(q.Room[:0], q.Prefix, c.last[:c.ends], &known)
	n := config.Bits(text)
	if n < config.Least {
		return false
	}
	c.ends = uint8(copy(c.last[:], q.Prefix[max(len(q.Prefix)-maxLast, 0):]))
	if c.sum.Events == MaxEvents {
		c.remove(0) // even if that is the SLD's last one, nobody else takes its place meanwhile
	}
	if !held {
		place = c.settle(q)
	}
	m, whole := feature.Measure(q.Prefix), feature.ShapeOf(q.Prefix)
	c.add(event{
		at: q.At, name: uint32(q.Hash), bits: uint16(n),
		fresh: uint8(len(text)), whole: uint8(whole.Len), longest: uint8(whole.Longest), labels: uint8(whole.Labels), shared: uint8(shared),
		digits: uint8(m.Digits()), entropy: uint8(m.Entropy * entropyUnit),
	}, lookOf(shape(q.Prefix), place))
	return true
}

// slide forgets what is older than the span. After a clock is set back the window
// begins anew.
func (c *client) slide(now, span window.Tick) {
	if n := c.sum.Events; n > 0 && window.SetBack(c.events[n-1].at, now) {
		c.clear()
	}
	for c.sum.Events > 0 && int32(now-c.events[0].at) > int32(span) {
		c.remove(0)
	}
}

// clear forgets all events.
func (c *client) clear() {
	for c.sum.Events > 0 {
		c.remove(c.sum.Events - 1)
	}
}

// add takes an event in as the newest. There must be room.
func (c *client) add(e event, l look) {
	n := c.sum.Events
	c.events[n], c.looks[n] = e, l
	c.count(n, 1)
}

// remove forgets an event.
func (c *client) remove(i int) {
	c.count(i, -1)
	copy(c.events[i:], c.events[i+1:c.sum.Events+1])
	copy(c.looks[i:], c.looks[i+1:c.sum.Events+1])
}

// count adds an event to the sums, or takes it out of them if the sign is -1. All that
// an event changes in them is here, so that it goes as it came.
func (c *client) count(i, sign int) {
	s, e, place := &c.sum, &c.events[i], c.looks[i].place()
	below := int(c.counts[place])
	s.Alike += sign * c.alike(c.looks[i])
	s.Apart += sign * (s.Events - below) // an event is not apart from itself
	if max(below, below+sign) == 1 {     // the SLD comes, or goes
		s.SLDs += sign
	}
	c.counts[place] = uint8(below + sign)
	s.Events += sign
	s.Bits += sign * int(e.bits)
	s.New += sign * int(e.fresh)
	s.Bytes += sign * int(e.whole)
	s.BytesSq += sign * int(e.whole) * int(e.whole)
	s.Longest += sign * int(e.longest)
	s.Digits += sign * int(e.digits)
	s.Labels += sign * int(e.labels)
	s.Shared += sign * int(e.shared)
	s.Entropy += float64(sign*int(e.entropy)) / entropyUnit // exact, as the unit is a power of two
	if e.answered {
		s.Answered += sign
		s.Down += sign * int(e.down)
	}
}

// alike is how many events below other SLDs are laid out alike.
func (c *client) alike(l look) (n int) {
	for _, other := range c.looks[:c.sum.Events] {
		if l.alike(other) {
			n++
		}
	}
	return n
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
		for _, l := range c.labels[:] {
			if d := l ^ mark; d < 1<<ownBits { // of the label
				here, elsewhere = here || d == 0, elsewhere || d != 0
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

// find returns the place of a pair's SLD. It returns false if no event is below it.
func (c *client) find(pair uint64) (place int, ok bool) {
	for i := range c.pairs {
		if c.pairs[i] == pair && c.counts[i] > 0 {
			return i, true
		}
	}
	return 0, false
}

// settle gives the query's SLD a place. If there is none free, the SLD goes that was
// asked for least lately.
func (c *client) settle(q *Query) (place int) {
	if c.sum.SLDs == MaxSLDs {
		c.leave(c.idlest())
	}
	place = bytes.IndexByte(c.counts[:], 0)
	s := &c.slds[place]
	c.pairs[place], s.cut, s.size = q.Pair, false, 0
	if len(q.SLD) <= maxName {
		s.size = uint8(copy(s.name[:], q.SLD))
	}
	return place
}

// idlest is the place of the SLD that was asked for least lately: of none do the events
// end as early.
func (c *client) idlest() (place int) {
	left := c.counts
	for _, l := range c.looks[:c.sum.Events] {
		place = l.place()
		if left[place]--; left[place] == 0 {
			break
		}
	}
	return place
}

// leave forgets the events below an SLD.
func (c *client) leave(place int) {
	for i := 0; c.counts[place] > 0; {
		if c.looks[i].place() == place {
			c.remove(i)
		} else {
			i++
		}
	}
}

// learn joins a reply to an event.
func (c *client) learn(pair, prefix uint64, news int) {
	for i := c.sum.Events - 1; i >= 0; i-- {
		if e := &c.events[i]; e.name == uint32(prefix) && c.pairs[c.looks[i].place()] == pair {
			if !e.answered {
				e.answered = true
				c.sum.Answered++
			}
			more := min(news, int(^e.down))
			e.down += uint16(more)
			c.sum.Down += more
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

// summarize tells the sums, and those of each SLD, in the order of their oldest events.
func (c *client) summarize(s *Summary) {
	s.Joint = c.sum
	var parts [MaxSLDs]*Part // by place
	told := 0
	for i, l := range c.looks[:c.sum.Events] {
		place := l.place()
		if parts[place] == nil {
			sld := &c.slds[place]
			parts[place] = &s.Parts[told]
			*parts[place] = Part{Pair: c.pairs[place], Cut: sld.cut, Events: int(c.counts[place]), size: sld.size, name: sld.name}
			told++
		}
		p := parts[place]
		p.Labels += int(c.events[i].labels)
		p.Shared += int(c.events[i].shared)
		p.Alike += c.alike(l)
	}
}
