package capture

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/ip4defrag"
	"github.com/gopacket/gopacket/ip6defrag"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/reassembly"
)

// standardPort is where DNS is served, if the reader does not know better.
const standardPort = 53

// How long an unfinished datagram or stream, and a missing piece of a stream,
// are waited for, in the time of the capture; and after how many packets and
// how much time that is looked at.
const (
	patience    = 30 * time.Second
	gapPatience = 2 * time.Second
	flushAfter  = time.Second
	flushFewest = 256
	flushMost   = 4096
)

// DNS is decoded by miekg/dns: that gopacket did so besides took a quarter of the time
// of reading a capture.
func init() {
	for _, port := range []layers.UDPPort{standardPort, 5353} {
		layers.RegisterUDPPortLayerType(port, gopacket.LayerTypePayload)
		layers.RegisterTCPPortLayerType(layers.TCPPort(port), gopacket.LayerTypePayload)
	}
}

// packets turns packets into DNS messages.
type packets struct {
	*exchanges
	ports   []uint16
	number  int // of the packet, from 1
	read    int // packets of a known link type
	told    int // packets of DNS on the ports
	at      time.Time
	v4      *ip4defrag.IPv4Defragmenter
	v6      *ip6defrag.IPv6Defragmenter
	tcp     *reassembly.Assembler
	flushed time.Time // when, and at which packet
	flushAt int
	others  others
	err     error // of the visitor, from within a stream
}

// readPackets reads packets until there is no next one. A file that breaks off
// has told what it has told.
func readPackets(r *reading, next func() ([]byte, gopacket.CaptureInfo, layers.LinkType, error)) error {
	p := &packets{exchanges: newExchanges(r), ports: r.Ports, v4: ip4defrag.NewIPv4Defragmenter(), v6: ip6defrag.NewIPv6Defragmenter()}
	if len(p.ports) == 0 {
		p.ports = []uint16{standardPort}
	}
	p.tcp = reassembly.NewAssembler(reassembly.NewStreamPool(p))
	p.tcp.MaxBufferedPagesPerConnection, p.tcp.MaxBufferedPagesTotal = 64, 1<<14
	var unknown error
	for {
		data, info, link, err := next()
		if err == io.EOF {
			break
		}
		p.number++
		if err != nil {
			r.stats.breaksOff("packet %d: %v", p.number, err)
			break
		}
		p.at = info.Timestamp
		decoder := decoderOf(link)
		if decoder == nil {
			r.stats.skip(fmt.Sprintf("packets of link type %d", link), "packet %d", p.number)
			if unknown == nil {
				unknown = fmt.Errorf("packet %d: link type %d is not supported", p.number, link)
			}
			continue
		}
		p.read++
		if err := p.packet(data, info, decoder); err != nil {
			return err
		}
		if p.flush(); p.err != nil {
			return p.err
		}
	}
	p.tcp.FlushAll()
	if p.err == nil && p.read == 0 {
		return unknown
	}
	p.others.tell(p)
	return p.err
}

// flush gives up what was waited for long enough.
func (p *packets) flush() {
	packets := p.number - p.flushAt
	if packets < flushFewest || packets < flushMost && p.at.Sub(p.flushed).Abs() < flushAfter {
		return
	}
	p.flushAt, p.flushed = p.number, p.at
	p.v4.DiscardOlderThan(p.at.Add(-patience))
	p.v6.DiscardOlderThan(time.Now().Add(-patience)) // keeps no other clock
	p.tcp.FlushWithOptions(reassembly.FlushOptions{T: p.at.Add(-gapPatience), TC: p.at.Add(-patience)})
}

// Link types that gopacket has no name for (pcap-linktype(7)).
const (
	linkRawBSD    = 14
	linkPPPSerial = 50
)

// decoderOf is nil for a link type that is not known.
func decoderOf(link layers.LinkType) gopacket.Decoder {
	switch link {
	case layers.LinkTypeIPv4:
		return layers.LayerTypeIPv4
	case layers.LinkTypeIPv6:
		return layers.LayerTypeIPv6
	case linkRawBSD:
		return layers.LinkTypeRaw
	case linkPPPSerial:
		return layers.LinkTypePPP
	}
	if int(link) >= len(layers.LinkTypeMetadata) || layers.LinkTypeMetadata[link].DecodeWith == nil {
		return nil
	}
	return link
}

func (p *packets) packet(data []byte, info gopacket.CaptureInfo, decoder gopacket.Decoder) error {
	d := datagram{info: info, cut: info.CaptureLength < info.Length}
	if d.cut {
		p.stats.Truncated.Add("packet %d: %d of %d bytes captured", p.number, info.CaptureLength, info.Length)
	}
	return p.walk(data, decoder, d)
}

// datagram is what is known of the bytes that are being decoded.
type datagram struct {
	info gopacket.CaptureInfo
	cut  bool // its end was not captured
	ip   gopacket.NetworkLayer
}

// serves reports whether DNS is served on one of the ports.
func (p *packets) serves(a, b uint16) bool {
	return slices.Contains(p.ports, a) || slices.Contains(p.ports, b)
}

// walk goes through the layers to what they carry. A datagram in fragments is
// gone through when it is whole.
func (p *packets) walk(data []byte, first gopacket.Decoder, d datagram) error {
	for _, layer := range gopacket.NewPacket(data, first, gopacket.NoCopy).Layers() {
		switch l := layer.(type) {
		case *layers.IPv4:
			d.ip = l
			whole, err := p.v4.DefragIPv4WithTimestamp(l, p.at)
			if err != nil || whole == nil {
				return nil // waits for its other fragments, or can never be whole
			}
			if whole != l {
				return p.walk(whole.Payload, whole.NextLayerType(), d)
			}
		case *layers.IPv6:
			d.ip = l
		case *layers.IPv6Fragment:
			v6, ok := d.ip.(*layers.IPv6)
			if !ok {
				return nil
			}
			if whole := p.v6.DefragIPv6(v6, l); whole != nil {
				return p.walk(whole.Payload, whole.NextHeader.LayerType(), d)
			}
			return nil
		case *layers.UDP:
			if d.ip == nil {
				continue
			}
			if p.serves(uint16(l.SrcPort), uint16(l.DstPort)) {
				p.told++
				from, to := ends(d.ip.NetworkFlow(), l.SrcPort, l.DstPort)
				return p.message(p.at, from, to, l.Payload, d.cut, place{"packet", p.number})
			}
			p.others.udp(p, d.ip.NetworkFlow(), l)
		case *layers.TCP:
			if d.ip == nil {
				continue
			}
			if p.serves(uint16(l.SrcPort), uint16(l.DstPort)) {
				p.told++
				p.tcp.AssembleWithContext(d.ip.NetworkFlow(), l, &moment{d.info})
			} else {
				p.others.tcp(p, d.ip.NetworkFlow(), l)
			}
			return p.err
		}
	}
	return nil
}

// ends are the addresses of a flow with their ports.
func ends[P ~uint16](ip gopacket.Flow, srcPort, dstPort P) (from, to netip.AddrPort) {
	src, dst := ip.Endpoints()
	a, _ := netip.AddrFromSlice(src.Raw())
	b, _ := netip.AddrFromSlice(dst.Raw())
	return netip.AddrPortFrom(a.Unmap(), uint16(srcPort)), netip.AddrPortFrom(b.Unmap(), uint16(dstPort))
}
