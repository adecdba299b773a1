package capture

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/miekg/dns"
)

var (
	client  = netip.MustParseAddrPort("192.0.2.1:4000")
	server  = netip.MustParseAddrPort("192.0.2.53:53")
	client6 = netip.MustParseAddrPort("[2001:db8::1]:4000")
	server6 = netip.MustParseAddrPort("[2001:db8::53]:53")
)

// linkType is a way of framing IP in a capture.
type linkType struct {
	number layers.LinkType
	frame  func(v6 bool) []byte // what stands before IP
}

func etherType(v6 bool) []byte {
	if v6 {
		return []byte{0x86, 0xdd}
	}
	return []byte{0x08, 0x00}
}

func pppProtocol(v6 bool) []byte {
	if v6 {
		return []byte{0x00, 0x57}
	}
	return []byte{0x00, 0x21}
}

var (
	macs     = make([]byte, 12)
	ethernet = linkType{layers.LinkTypeEthernet, func(v6 bool) []byte { return append(bytes.Clone(macs), etherType(v6)...) }}
	vlan     = linkType{layers.LinkTypeEthernet, func(v6 bool) []byte {
		return append(append(bytes.Clone(macs), 0x81, 0x00, 0, 7), etherType(v6)...)
	}}
	qinq = linkType{layers.LinkTypeEthernet, func(v6 bool) []byte {
		return append(append(bytes.Clone(macs), 0x88, 0xa8, 0, 7, 0x81, 0x00, 0, 8), etherType(v6)...)
	}}
	cooked = linkType{layers.LinkTypeLinuxSLL, func(v6 bool) []byte {
		return append([]byte{0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0}, etherType(v6)...)
	}}
	cooked2 = linkType{layers.LinkTypeLinuxSLL2, func(v6 bool) []byte {
		return append(etherType(v6), 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0)
	}}
	rawBSD    = linkType{linkRawBSD, func(bool) []byte { return nil }}
	pppSerial = linkType{linkPPPSerial, func(v6 bool) []byte { return append([]byte{0xff, 0x03}, pppProtocol(v6)...) }}
	rawIP     = linkType{layers.LinkTypeRaw, func(bool) []byte { return nil }}
	onlyIP4   = linkType{layers.LinkTypeIPv4, func(bool) []byte { return nil }}
	onlyIP6   = linkType{layers.LinkTypeIPv6, func(bool) []byte { return nil }}
	loopback  = linkType{layers.LinkTypeNull, func(v6 bool) []byte {
		if v6 {
			return []byte{24, 0, 0, 0}
		}
		return []byte{2, 0, 0, 0}
	}}
)

// dump is a capture being written.
type dump struct {
	t    testing.TB
	link linkType
	buf  bytes.Buffer
	pcap *pcapgo.Writer
	at   time.Time
	snap int
}

func newDump(t testing.TB, link linkType) *dump {
	d := &dump{t: t, link: link, at: time.Unix(1700000000, 0), snap: 65535}
	d.pcap = pcapgo.NewWriter(&d.buf)
	if err := d.pcap.WriteFileHeader(65535, link.number); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *dump) bytes() []byte { return d.buf.Bytes() }

// packet writes an IP packet.
func (d *dump) packet(v6 bool, stack ...gopacket.SerializableLayer) {
	d.t.Helper()
	frame := append(d.link.frame(v6), serialized(d.t, stack...)...)
	kept := frame[:min(len(frame), d.snap)]
	d.at = d.at.Add(time.Millisecond)
	if err := d.pcap.WritePacket(gopacket.CaptureInfo{Timestamp: d.at, CaptureLength: len(kept), Length: len(frame)}, kept); err != nil {
		d.t.Fatal(err)
	}
}

func serialized(t testing.TB, stack ...gopacket.SerializableLayer) []byte {
	t.Helper()
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true}, stack...); err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(buf.Bytes())
}

// ip is the IP header between two endpoints.
func ip(from, to netip.AddrPort, next layers.IPProtocol) (gopacket.SerializableLayer, bool) {
	src, dst := net.IP(from.Addr().AsSlice()), net.IP(to.Addr().AsSlice())
	if from.Addr().Is6() {
		return &layers.IPv6{Version: 6, NextHeader: next, HopLimit: 64, SrcIP: src, DstIP: dst}, true
	}
	return &layers.IPv4{Version: 4, Protocol: next, TTL: 64, SrcIP: src, DstIP: dst}, false
}

func (d *dump) udp(from, to netip.AddrPort, payload []byte) {
	d.t.Helper()
	header, v6 := ip(from, to, layers.IPProtocolUDP)
	d.packet(v6, header, &layers.UDP{SrcPort: layers.UDPPort(from.Port()), DstPort: layers.UDPPort(to.Port())}, gopacket.Payload(payload))
}

// fragments writes a UDP datagram in two fragments, the second one first.
func (d *dump) fragments(from, to netip.AddrPort, payload []byte) {
	d.t.Helper()
	whole := serialized(d.t, &layers.UDP{SrcPort: layers.UDPPort(from.Port()), DstPort: layers.UDPPort(to.Port())}, gopacket.Payload(payload))
	cut := len(whole) / 16 * 8
	header, v6 := ip(from, to, layers.IPProtocolUDP)
	for _, part := range []struct {
		offset int
		more   bool
		data   []byte
	}{{cut / 8, false, whole[cut:]}, {0, true, whole[:cut]}} {
		if v6 {
			h := *header.(*layers.IPv6)
			h.NextHeader = layers.IPProtocolIPv6Fragment
			fragment := make([]byte, 8)
			fragment[0] = byte(layers.IPProtocolUDP)
			offset := part.offset << 3
			if part.more {
				offset |= 1
			}
			binary.BigEndian.PutUint16(fragment[2:], uint16(offset))
			binary.BigEndian.PutUint32(fragment[4:], 99)
			d.packet(true, &h, gopacket.Payload(append(fragment, part.data...)))
			continue
		}
		h := *header.(*layers.IPv4)
		h.Id, h.FragOffset = 99, uint16(part.offset)
		if part.more {
			h.Flags = layers.IPv4MoreFragments
		}
		d.packet(false, &h, gopacket.Payload(part.data))
	}
}

func (d *dump) tcp(from, to netip.AddrPort, seq uint32, syn bool, payload []byte) {
	d.t.Helper()
	header, v6 := ip(from, to, layers.IPProtocolTCP)
	tcp := &layers.TCP{SrcPort: layers.TCPPort(from.Port()), DstPort: layers.TCPPort(to.Port()), Seq: seq, SYN: syn, ACK: !syn, Window: 65535}
	d.packet(v6, header, tcp, gopacket.Payload(payload))
}

// framed is a message after its length, as in a TCP stream.
func framed(m []byte) []byte { return append([]byte{byte(len(m) >> 8), byte(len(m))}, m...) }

func query(t testing.TB, id uint16, name string, qtype uint16) []byte {
	m := new(dns.Msg)
	m.SetQuestion(name, qtype)
	m.Id = id
	return packed(t, m)
}

func reply(t testing.TB, id uint16, name string, qtype uint16, records ...string) []byte {
	m := new(dns.Msg)
	m.SetQuestion(name, qtype)
	m.Id, m.Response = id, true
	for _, r := range records {
		rr, err := dns.NewRR(name + " 60 IN " + r)
		if err != nil {
			t.Fatal(err)
		}
		m.Answer = append(m.Answer, rr)
	}
	return packed(t, m)
}

func packed(t testing.TB, m *dns.Msg) []byte {
	t.Helper()
	wire, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return wire
}

func TestLinkTypes(t *testing.T) {
	for name, c := range map[string]struct {
		link           linkType
		client, server netip.AddrPort
	}{
		"ethernet v4": {ethernet, client, server}, "ethernet v6": {ethernet, client6, server6},
		"VLAN v4": {vlan, client, server}, "VLAN v6": {vlan, client6, server6}, "QinQ": {qinq, client, server},
		"SLL v4": {cooked, client, server}, "SLL v6": {cooked, client6, server6},
		"SLL2 v4": {cooked2, client, server}, "SLL2 v6": {cooked2, client6, server6},
		"raw v4": {rawIP, client, server}, "raw v6": {rawIP, client6, server6},
		"raw v4, OpenBSD": {rawBSD, client, server}, "raw v6, OpenBSD": {rawBSD, client6, server6},
		"PPP v4": {pppSerial, client, server}, "PPP v6": {pppSerial, client6, server6},
		"IPv4": {onlyIP4, client, server}, "IPv6": {onlyIP6, client6, server6},
		"loopback v4": {loopback, client, server}, "loopback v6": {loopback, client6, server6},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDump(t, c.link)
			d.udp(c.client, c.server, query(t, 7, "A.example.net.", dns.TypeA))
			d.udp(c.server, c.client, reply(t, 7, "a.example.net.", dns.TypeA, "A 192.0.2.9"))
			d.fragments(c.server, c.client, reply(t, 8, "b.example.net.", dns.TypeTXT, "TXT "+strings.Repeat("x", 200)))
			d.udp(c.client, netip.AddrPortFrom(c.server.Addr(), 5353), query(t, 9, "not.dns.", dns.TypeA))
			lines, stats := read(t, d.bytes())
			want(t, lines,
				"? "+c.client.Addr().String()+" A.example.net. A", "! A.example.net. NOERROR | 192.0.2.9",
				"? "+c.client.Addr().String()+" b.example.net. TXT", `! b.example.net. NOERROR | "`+strings.Repeat("x", 200)+`"`)
			if stats != (Stats{}) {
				t.Errorf("defects: %+v", stats)
			}
		})
	}
}

func TestTCP(t *testing.T) {
	d := newDump(t, ethernet)
	asked := append(framed(query(t, 1, "a.example.net.", dns.TypeA)), framed(query(t, 2, "b.example.net.", dns.TypeA))...)
	answered := framed(reply(t, 1, "a.example.net.", dns.TypeA, "A 192.0.2.9"))
	d.tcp(client, server, 100, true, nil)
	d.tcp(server, client, 500, true, nil)
	d.tcp(client, server, 101, false, asked[:1]) // cut within the length
	d.tcp(client, server, 140, false, asked[39:])
	d.tcp(client, server, 102, false, asked[1:39]) // comes late
	d.tcp(client, server, 102, false, asked[1:39]) // and again
	d.tcp(server, client, 501, false, answered)
	lines, stats := read(t, d.bytes())
	want(t, lines, "? 192.0.2.1 a.example.net. A", "? 192.0.2.1 b.example.net. A", "! a.example.net. NOERROR | 192.0.2.9")
	if stats != (Stats{}) {
		t.Errorf("defects: %+v", stats)
	}
}

func TestTCPBegunBeforeTheCapture(t *testing.T) {
	d := newDump(t, ethernet)
	asked := framed(query(t, 1, "a.example.net.", dns.TypeA))
	d.tcp(client, server, 7000, false, asked)
	d.tcp(client, server, 7000+uint32(len(asked)), false, asked[:20])
	lines, stats := read(t, d.bytes())
	want(t, lines, "? 192.0.2.1 a.example.net. A")
	if stats.Truncated.N != 1 {
		t.Errorf("defects: %+v, want one stream that ends within a message", stats)
	}
}

func TestQueriesAndReplies(t *testing.T) {
	d := newDump(t, ethernet)
	d.udp(client, server, query(t, 1, "a.example.net.", dns.TypeA))
	d.udp(client, server, query(t, 1, "a.example.net.", dns.TypeA)) // asked again
	d.udp(server, client, reply(t, 1, "a.example.net.", dns.TypeA))
	d.udp(server, client, reply(t, 2, "lone.example.net.", dns.TypeA))
	d.udp(server, client, reply(t, 1, "a.example.net.", dns.TypeAAAA)) // not what was asked
	lines, _ := read(t, d.bytes())
	want(t, lines,
		"? 192.0.2.1 a.example.net. A", "? 192.0.2.1 a.example.net. A", "! a.example.net. NOERROR",
		"? 192.0.2.1 lone.example.net. A", "! lone.example.net. NOERROR",
		"? 192.0.2.1 a.example.net. AAAA", "! a.example.net. NOERROR")
}

func TestDefects(t *testing.T) {
	d := newDump(t, ethernet)
	d.udp(client, server, []byte("no DNS at all"))
	two := new(dns.Msg)
	two.Question = []dns.Question{{Name: "a.", Qtype: 1, Qclass: 1}, {Name: "b.", Qtype: 1, Qclass: 1}}
	d.udp(client, server, packed(t, two))
	d.udp(client, server, query(t, 1, "a.example.net.", dns.TypeA)[:20])
	answer := reply(t, 2, "b.example.net.", dns.TypeA, "A 192.0.2.9")
	d.udp(server, client, answer[:len(answer)-2]) // names its question
	update := new(dns.Msg)
	update.SetUpdate("example.net.")
	d.udp(client, server, packed(t, update)) // no query, no defect
	d.snap = 75
	d.udp(client, server, query(t, 3, "c.example.net.", dns.TypeA))
	d.udp(server, client, reply(t, 3, "c.example.net.", dns.TypeA, "A 192.0.2.9"))
	d.udp(client, server, query(t, 4, "d.example.net.", dns.TypeA))
	whole := d.bytes()
	lines, stats := read(t, whole[:len(whole)-9])
	want(t, lines, "? 192.0.2.1 b.example.net. A", "! b.example.net. NOERROR",
		"? 192.0.2.1 c.example.net. A", "! c.example.net. NOERROR")
	if stats.Malformed.N != 4 || !strings.HasPrefix(stats.Malformed.First, "packet 1: ") {
		t.Errorf("malformed: %+v", stats.Malformed)
	}
	if stats.Truncated.N != 2 { // a packet, and the file
		t.Errorf("truncated: %+v", stats.Truncated)
	}
}
