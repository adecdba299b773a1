package capture

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/ip4defrag"
	"github.com/gopacket/gopacket/ip6defrag"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/gopacket/gopacket/reassembly"
)

// Port is where DNS is served.
const port = 53

// How long an unfinished datagram or stream is waited for, in the time of the
// capture, and after how many packets that is looked at.
const (
	patience  = 30 * time.Second
	flushEach = 4096
)

func readPcap(in *bufio.Reader, v Visitor, stats *Stats) error {
	r, err := pcapgo.NewReader(in)
	if err != nil {
		return err
	}
	link := r.LinkType()
	return readPackets(v, stats, func() ([]byte, gopacket.CaptureInfo, layers.LinkType, error) {
		data, info, err := r.ReadPacketData()
		return data, info, link, err
	})
}

func readPcapNG(in *bufio.Reader, v Visitor, stats *Stats) error {
	r, err := pcapgo.NewNgReader(in, pcapgo.NgReaderOptions{WantMixedLinkType: true, SkipUnknownVersion: true})
	if err != nil {
		return err
	}
	return readPackets(v, stats, func() ([]byte, gopacket.CaptureInfo, layers.LinkType, error) {
		data, info, err := r.ReadPacketData()
		if err != nil {
			return nil, info, 0, err
		}
		link, ok := info.AncillaryData[0].(layers.LinkType)
		if !ok {
			return nil, info, 0, errors.New("packet of no interface")
		}
		return data, info, link, nil
	})
}

// packets turns packets into DNS messages.
type packets struct {
	*exchanges
	number int // of the packet, from 1
	at     time.Time
	v4     *ip4defrag.IPv4Defragmenter
	v6     *ip6defrag.IPv6Defragmenter
	tcp    *reassembly.Assembler
	err    error // of the visitor, from within a stream
}

// readPackets reads packets until there is no next one. A file that breaks off
// has told what it has told.
func readPackets(v Visitor, stats *Stats, next func() ([]byte, gopacket.CaptureInfo, layers.LinkType, error)) error {
	p := &packets{exchanges: newExchanges(v, stats), v4: ip4defrag.NewIPv4Defragmenter(), v6: ip6defrag.NewIPv6Defragmenter()}
	p.tcp = reassembly.NewAssembler(reassembly.NewStreamPool(p))
	p.tcp.MaxBufferedPagesPerConnection, p.tcp.MaxBufferedPagesTotal = 64, 1<<14
	for {
		data, info, link, err := next()
		if err == io.EOF {
			break
		}
		p.number++
		if err != nil {
			stats.breaksOff("packet %d: %v", p.number, err)
			break
		}
		p.at = info.Timestamp
		if err := p.packet(data, info, link); err != nil {
			return err
		}
		if p.number%flushEach == 0 {
			p.v4.DiscardOlderThan(p.at.Add(-patience))
			p.v6.DiscardOlderThan(time.Now().Add(-patience)) // keeps no other clock
			p.tcp.FlushCloseOlderThan(p.at.Add(-patience))
		}
	}
	p.tcp.FlushAll()
	return p.err
}

func (p *packets) packet(data []byte, info gopacket.CaptureInfo, link layers.LinkType) error {
	var decoder gopacket.Decoder = link
	switch link {
	case layers.LinkTypeIPv4:
		decoder = layers.LayerTypeIPv4
	case layers.LinkTypeIPv6:
		decoder = layers.LayerTypeIPv6
	default:
		if int(link) >= len(layers.LinkTypeMetadata) || layers.LinkTypeMetadata[link].DecodeWith == nil {
			return fmt.Errorf("packet %d: link type %d is not supported", p.number, link)
		}
	}
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
			// other ports may carry a tunnel of the network's own
			if (l.SrcPort == port || l.DstPort == port) && d.ip != nil {
				from, to := ends(d.ip.NetworkFlow(), l.SrcPort, l.DstPort)
				return p.message(p.at, from, to, l.Payload, d.cut, fmt.Sprintf("packet %d", p.number))
			}
		case *layers.TCP:
			if (l.SrcPort == port || l.DstPort == port) && d.ip != nil {
				p.tcp.AssembleWithContext(d.ip.NetworkFlow(), l, &moment{d.info})
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
