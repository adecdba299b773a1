package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/reassembly"
)

// moment is where a piece of a stream comes from.
type moment struct{ info gopacket.CaptureInfo }

// GetCaptureInfo implements reassembly.AssemblerContext.
func (m *moment) GetCaptureInfo() gopacket.CaptureInfo { return m.info }

// New implements reassembly.StreamFactory.
func (p *packets) New(ip, tcp gopacket.Flow, l *layers.TCP, _ reassembly.AssemblerContext) reassembly.Stream {
	from, to := ends(ip, l.SrcPort, l.DstPort)
	s := &stream{packets: p}
	s.halves[0] = half{from: from, to: to, where: place{what: fmt.Sprintf("TCP stream %v to %v", from, to)}}
	s.halves[1] = half{from: to, to: from, where: place{what: fmt.Sprintf("TCP stream %v to %v", to, from)}}
	return s
}

// stream is a TCP connection: DNS messages in both directions, each after its
// length (RFC 1035, section 4.2.2).
type stream struct {
	*packets
	halves [2]half // that of the first packet seen comes first
	held   []message
	bytes  int // in held
}

// message is one that waits: for what a gap in the other direction hides of the
// time before it. A reply must not come before its query.
type message struct {
	at   time.Time
	half *half
	wire []byte
}

// mostHeld is how many bytes of messages wait in a stream.
const mostHeld = 1 << 18

// half is one direction.
type half struct {
	from, to netip.AddrPort
	where    place
	rest     []byte    // of a message that is not complete
	at       time.Time // of the first byte of rest
	drop     int       // bytes to come that belong to a message of which some are lost
	adrift   bool      // where the next message begins is unknown
	gap      bool      // later bytes came already, which wait
	begun    bool      // its beginning, or something of it, was seen
}

// half is the half of a direction.
func (s *stream) half(direction reassembly.TCPFlowDirection) *half {
	if direction == reassembly.TCPDirServerToClient {
		return &s.halves[1]
	}
	return &s.halves[0]
}

// Accept implements reassembly.Stream. A connection that began before the
// capture did is read from the first packet on.
func (s *stream) Accept(l *layers.TCP, _ gopacket.CaptureInfo, direction reassembly.TCPFlowDirection, next reassembly.Sequence, start *bool, _ reassembly.AssemblerContext) bool {
	*start = true
	if l.SYN {
		s.half(direction).begun = true
	}
	if known := next >= 0; known && len(l.Payload) > 0 && next.Difference(reassembly.Sequence(l.Seq)) > 0 {
		s.half(direction).gap = true
	}
	return true
}

// ReassembledSG implements reassembly.Stream.
func (s *stream) ReassembledSG(sg reassembly.ScatterGather, _ reassembly.AssemblerContext) {
	direction, _, _, skipped := sg.Info()
	h := s.half(direction)
	h.gap = false
	defer s.release()
	if skipped > 0 {
		s.stats.Truncated.Add("%s: %d bytes not captured", h.where, skipped)
		h.lose(skipped)
	}
	available, _ := sg.Lengths()
	if available == 0 {
		return
	}
	data := sg.Fetch(available)
	skip := min(h.drop, available)
	h.drop -= skip
	if skip == available {
		return
	}
	if !h.begun { // seen from its middle on: most likely from a message on
		h.begun, h.adrift = true, framedLike(data) == unlike
	}
	before := len(h.rest)
	h.rest = append(h.rest, data[skip:]...)
	at := func(i int) time.Time { // of a byte of rest
		if i < before {
			return h.at
		}
		return sg.CaptureInfo(i - before + skip).Timestamp
	}
	i := 0
	for s.err == nil {
		if h.adrift && !h.find(&i) {
			break
		}
		if len(h.rest)-i < 2 {
			break
		}
		end := i + 2 + int(binary.BigEndian.Uint16(h.rest[i:]))
		if len(h.rest) < end {
			break
		}
		s.deliver(message{at(i), h, h.rest[i+2 : end]})
		i = end
	}
	if i < len(h.rest) {
		h.at = at(i)
	}
	h.rest = append(h.rest[:0], h.rest[i:]...)
}

// deliver passes a message on, or keeps it while there is a gap.
func (s *stream) deliver(m message) {
	if len(s.held) == 0 && !s.halves[0].gap && !s.halves[1].gap {
		s.pass(m)
		return
	}
	m.wire = bytes.Clone(m.wire)
	s.held = append(s.held, m)
	s.bytes += len(m.wire)
}

// release passes on what was held, in the order of the capture, if nothing is
// missing any more or too much waits.
func (s *stream) release() {
	if s.bytes < mostHeld && (s.halves[0].gap || s.halves[1].gap) {
		return
	}
	all := s.held
	s.held, s.bytes = nil, 0
	slices.SortStableFunc(all, func(a, b message) int { return a.at.Compare(b.at) })
	for _, m := range all {
		s.pass(m)
	}
}

// pass passes a message on, and keeps the visitor's error.
func (s *stream) pass(m message) {
	if s.err == nil {
		s.err = s.message(m.at, m.half.from, m.half.to, m.wire, false, m.half.where)
	}
}

// lose takes note that n bytes are missing. Where they are of the message that
// has begun, it is known where the next one begins.
func (h *half) lose(n int) {
	if n <= h.drop {
		h.drop -= n
		return
	}
	missing := 0
	if len(h.rest) >= 2 {
		missing = 2 + int(binary.BigEndian.Uint16(h.rest)) - len(h.rest)
	}
	if h.drop == 0 && !h.adrift && n <= missing {
		h.drop = missing - n
	} else {
		h.drop, h.adrift = 0, true
	}
	h.rest = h.rest[:0]
}

// find moves i to where a message begins, and reports whether there is one. What
// cannot be the beginning of one is given up.
func (h *half) find(i *int) bool {
	open := -1 // the first place that may yet turn out to be one
	for at := *i; at < len(h.rest); at++ {
		switch framedLike(h.rest[at:]) {
		case alike:
			*i, h.adrift = at, false
			return true
		case unclear:
			if open < 0 {
				open = at
			}
		}
	}
	if *i = open; open < 0 {
		*i = len(h.rest)
	}
	return false
}

// ReassemblyComplete implements reassembly.Stream.
func (s *stream) ReassemblyComplete(reassembly.AssemblerContext) bool {
	for i := range s.halves {
		h := &s.halves[i]
		h.gap = false
		if len(h.rest) > 0 && !h.adrift || h.drop > 0 {
			s.stats.Truncated.Add("%s: ends within a message", h.where)
		}
	}
	s.release()
	return true
}
