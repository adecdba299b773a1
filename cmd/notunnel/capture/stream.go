package capture

import (
	"encoding/binary"
	"fmt"
	"net/netip"
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
	return &stream{packets: p, from: from, to: to}
}

// stream is a TCP connection: DNS messages in both directions, each after its
// length (RFC 1035, section 4.2.2).
type stream struct {
	*packets
	from, to netip.AddrPort // of the first packet seen
	halves   [2]half
}

// half is one direction.
type half struct {
	rest []byte // of a message that is not complete
	lost bool   // where the next message begins is unknown
}

// Accept implements reassembly.Stream. A connection that began before the
// capture did is read from the first packet on, where a message most likely
// begins.
func (s *stream) Accept(_ *layers.TCP, _ gopacket.CaptureInfo, _ reassembly.TCPFlowDirection, _ reassembly.Sequence, start *bool, _ reassembly.AssemblerContext) bool {
	*start = true
	return true
}

// ReassembledSG implements reassembly.Stream.
func (s *stream) ReassembledSG(sg reassembly.ScatterGather, ac reassembly.AssemblerContext) {
	direction, _, _, skipped := sg.Info()
	from, to, h := s.from, s.to, &s.halves[0]
	if direction == reassembly.TCPDirServerToClient {
		from, to, h = to, from, &s.halves[1]
	}
	available, _ := sg.Lengths()
	if skipped > 0 && !h.lost {
		h.lost, h.rest = true, nil
		s.stats.Truncated.Add("TCP stream %v to %v: %d bytes not captured", from, to, skipped)
	}
	if h.lost || available == 0 {
		return
	}
	where := fmt.Sprintf("TCP stream %v to %v", from, to)
	at := sg.CaptureInfo(0).Timestamp
	h.rest = append(h.rest, sg.Fetch(available)...)
	for len(h.rest) >= 2 {
		size := 2 + int(binary.BigEndian.Uint16(h.rest))
		if len(h.rest) < size {
			return
		}
		s.deliver(at, from, to, h.rest[2:size], where)
		h.rest = h.rest[size:]
	}
}

// deliver passes a message on, and keeps the visitor's error.
func (s *stream) deliver(at time.Time, from, to netip.AddrPort, wire []byte, where string) {
	if s.err == nil {
		s.err = s.message(at, from, to, wire, false, where)
	}
}

// ReassemblyComplete implements reassembly.Stream.
func (s *stream) ReassemblyComplete(reassembly.AssemblerContext) bool {
	for i := range s.halves {
		if len(s.halves[i].rest) > 0 {
			s.stats.Truncated.Add("TCP stream %v to %v: ends within a message", s.from, s.to)
		}
	}
	return true
}
