package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/miekg/dns"
)

// A file of which no packet can be read says why.
func TestUnknownLinkType(t *testing.T) {
	d := newDump(t, linkType{250, rawIP.frame})
	d.udp(client, server, query(t, 1, "a.example.net.", dns.TypeA))
	_, err := ReadFrom(bytes.NewReader(d.bytes()), "f", &record{})
	if err == nil || err.Error() != "f: packet 1: link type 250 is not supported" {
		t.Errorf("error %v", err)
	}
}

// Captures that were put together with cat are read as one, of any link types.
func TestPcapsPutTogether(t *testing.T) {
	var all []byte
	var told []string
	for i, link := range []linkType{ethernet, rawIP, {250, rawIP.frame}, loopback, cooked2} {
		d := newDump(t, link)
		name := fmt.Sprintf("host%d.example.net.", i)
		d.udp(client, server, query(t, 1, name, dns.TypeA))
		all = append(all, d.bytes()...)
		if link.number != 250 {
			told = append(told, "? 192.0.2.1 "+name+" A")
		}
	}
	lines, stats := read(t, all)
	want(t, lines, told...)
	wantSkipped(t, stats, map[string]int{"packets of link type 250": 1})
}

// wantSkipped checks what was left out.
func wantSkipped(t *testing.T, stats Stats, want map[string]int) {
	t.Helper()
	got := map[string]int{}
	stats.Skipped.Each(func(kind string, c Count) { got[kind] = c.N })
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("left out %v, want %v", got, want)
	}
}

// ngFile is a pcapng file being written, block by block.
type ngFile struct {
	bytes.Buffer
	order interface {
		binary.ByteOrder
		binary.AppendByteOrder
	}
}

func (f *ngFile) block(kind uint32, body []byte) {
	body = append(body, make([]byte, -len(body)&3)...)
	size := uint32(12 + len(body))
	b := f.order.AppendUint32(f.order.AppendUint32(nil, kind), size)
	f.Write(f.order.AppendUint32(append(b, body...), size))
}

func (f *ngFile) section() {
	b := f.order.AppendUint32(nil, 0x1a2b3c4d)
	f.block(sectionBlock, append(f.order.AppendUint16(f.order.AppendUint16(b, 1), 0), bytes.Repeat([]byte{0xff}, 8)...))
}

func (f *ngFile) device(link layers.LinkType) {
	f.block(interfaceBlock, f.order.AppendUint32(f.order.AppendUint16(f.order.AppendUint16(nil, uint16(link)), 0), 65535))
}

func (f *ngFile) packet(device uint32, captured int, data []byte) {
	b := f.order.AppendUint32(nil, device)
	const usec = 1700000000 * 1000000
	b = f.order.AppendUint32(f.order.AppendUint32(b, usec>>32), usec&0xffffffff)
	b = f.order.AppendUint32(f.order.AppendUint32(b, uint32(captured)), uint32(len(data)))
	f.block(enhancedBlock, append(b, data...))
}

// What a pcapng file has of interfaces costs the packets that it hits, and no
// others: several sections, either order of bytes, unknown link types, packets of
// no interface and longer than their blocks, blocks of other kinds.
func TestPcapNG(t *testing.T) {
	for _, first := range []bool{true, false} {
		f := &ngFile{}
		var told []string
		for section := range 2 {
			f.order = binary.LittleEndian
			if first == (section == 0) {
				f.order = binary.BigEndian
			}
			f.section()
			f.device(layers.LinkTypeEthernet)
			f.device(layers.LinkType(239))
			f.block(0xbad, []byte("custom"))
			f.device(layers.LinkTypeRaw)
			for i := range 3 {
				name := fmt.Sprintf("host%d-%d.example.net.", section, i)
				header, _ := ip(client, server, layers.IPProtocolUDP)
				packet := serialized(t, header, &layers.UDP{SrcPort: 4000, DstPort: 53}, gopacket.Payload(query(t, 1, name, dns.TypeA)))
				f.packet(1, len(packet), packet)
				f.packet(7, len(packet), packet)
				f.packet(2, len(packet)+5000, packet)
				if i == 0 {
					packet = append(ethernet.frame(false), packet...)
					f.packet(0, len(packet), packet)
				} else {
					f.packet(2, len(packet), packet)
				}
				told = append(told, "? 192.0.2.1 "+name+" A")
			}
		}
		lines, stats := read(t, f.Bytes())
		want(t, lines, told...)
		wantSkipped(t, stats, map[string]int{
			"packets of link type 239": 6, "packets of an interface that the file does not describe": 6, "packets that are longer than their blocks": 6,
		})
		if stats.Truncated.N != 0 {
			t.Errorf("%+v", stats.Truncated)
		}
		whole := f.Bytes()
		for _, n := range []int{1, 5, 40} {
			if lines, stats := read(t, whole[:len(whole)-n]); len(lines) != len(told)-1 || stats.Truncated.N != 1 {
				t.Errorf("cut by %d: %d lines, %+v", n, len(lines), stats)
			}
		}
	}
}

// With ports given, DNS is read there and nowhere else.
func TestPorts(t *testing.T) {
	d := newDump(t, ethernet)
	far := server
	for i, port := range []uint16{53, 1053, 1053, 1053, 1053, 5353, 137, 443} {
		far = netip.AddrPortFrom(server.Addr(), port)
		d.udp(client, far, query(t, uint16(i), fmt.Sprintf("host%d.example.net.", i), dns.TypeA))
		d.udp(far, client, reply(t, uint16(i), fmt.Sprintf("host%d.example.net.", i), dns.TypeA, "A 192.0.2.9"))
		stream := netip.AddrPortFrom(client.Addr(), uint16(6000+i))
		d.tcp(stream, far, 100, true, nil)
		d.tcp(stream, far, 101, false, framed(query(t, uint16(i), fmt.Sprintf("tcp%d.example.net.", i), dns.TypeA)))
	}
	for _, c := range []struct {
		ports   []uint16
		queries int
		note    string
	}{
		{nil, 2, "12 messages on port 1053 look like DNS: --port 1053 reads them"},
		{[]uint16{1053}, 8, ""},
		{[]uint16{53, 1053, 443}, 12, ""},
	} {
		var r record
		stats, err := Options{Ports: c.ports}.Visit(bytes.NewReader(d.bytes()), "f", &r)
		if err != nil || len(queries(r.lines)) != c.queries {
			t.Errorf("ports %v: %v, told %v", c.ports, err, r.lines)
		}
		if notes := strings.Join(stats.Notes.Sentences(), "; "); c.note != "" && !strings.Contains(notes, c.note) {
			t.Errorf("ports %v: notes %q, want %q", c.ports, notes, c.note)
		}
	}
}

// A capture without DNS says so, and what is encrypted is counted.
func TestNothingToSee(t *testing.T) {
	d := newDump(t, ethernet)
	d.udp(client, netip.AddrPortFrom(server.Addr(), 9999), []byte("something else altogether"))
	_, stats := read(t, d.bytes())
	if notes := stats.Notes.Sentences(); len(notes) != 1 || !strings.Contains(notes[0], "1 packets, and none of DNS on ports [53]: --port names others") {
		t.Errorf("notes %q", notes)
	}
	hello := "\x16\x03\x01\x00\x80\x01" + strings.Repeat("\x00", 60) + "\x00\x11cloudflare-dns.com"
	google := netip.MustParseAddrPort("8.8.8.8:443")
	d.tcp(client, netip.AddrPortFrom(server.Addr(), 853), 1, false, []byte("\x17\x03\x03 data"))
	d.udp(client, netip.AddrPortFrom(server.Addr(), 853), []byte("\xc0 a packet of QUIC"))
	d.tcp(client, netip.AddrPortFrom(server.Addr(), 443), 1, false, []byte(hello))
	d.tcp(client, google, 1, false, []byte("\x17\x03\x03 data"))
	d.udp(client, google, []byte("\xc0 a packet of QUIC"))
	d.tcp(client, netip.AddrPortFrom(server.Addr(), 80), 1, false, []byte("POST /dns-query HTTP/1.1\r\nContent-Type: application/dns-message\r\n\r\n"))
	d.tcp(client, netip.AddrPortFrom(server.Addr(), 443), 1, false, []byte("\x17\x03\x03 of a web site"))
	_, stats = read(t, d.bytes())
	wantSkipped(t, stats, map[string]int{"packets of DNS over TLS": 1, "packets of DNS over QUIC": 1, "packets of DNS over HTTPS": 3, "packets of DNS over HTTP": 1})
	if notes := strings.Join(stats.Notes.Sentences(), "; "); !strings.Contains(notes, "6 packets of DNS over TLS, QUIC or HTTP: what they ask for cannot be seen") {
		t.Errorf("notes %q", notes)
	}
}
