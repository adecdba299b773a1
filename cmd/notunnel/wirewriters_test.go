package main

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/dnstap/golang-dnstap"
	"github.com/farsightsec/golang-framestream"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/miekg/dns"
	"google.golang.org/protobuf/proto"
)

func wireQuery(t testing.TB, e exchanged) []byte {
	m := new(dns.Msg)
	m.SetQuestion(e.name+".", typeNumber(e.qtype))
	m.Id = e.id
	wire, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return wire
}

func record(t testing.TB, e exchanged) dns.RR {
	rr, err := dns.NewRR(e.name + ". 60 IN " + e.qtype + " " + e.answer)
	if err != nil {
		t.Fatal(err)
	}
	return rr
}

func wireRecord(t *testing.T, e exchanged) []byte {
	wire := make([]byte, 4096)
	n, err := dns.PackRR(record(t, e), wire, 0, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	return wire[:n]
}

func wireReply(t testing.TB, e exchanged) []byte {
	m := new(dns.Msg)
	m.SetQuestion(e.name+".", typeNumber(e.qtype))
	m.Id, m.Response, m.Rcode = e.id, true, dns.StringToRcode[e.rcode]
	if e.answer != "" {
		m.Answer = append(m.Answer, record(t, e))
	}
	wire, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return wire
}

// packetOf is a packet between a client and a server, from IP on.
func packetOf(t testing.TB, client string, reply bool, payload []byte) []byte {
	src, dst := netip.MustParseAddr(client), netip.MustParseAddr("192.0.2.53")
	if src.Is6() {
		dst = netip.MustParseAddr("2001:db8::53")
	}
	udp := &layers.UDP{SrcPort: 4000, DstPort: 53}
	if reply {
		src, dst, udp.SrcPort, udp.DstPort = dst, src, 53, 4000
	}
	var ip gopacket.SerializableLayer = &layers.IPv4{Version: 4, Protocol: layers.IPProtocolUDP, TTL: 64, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
	if src.Is6() {
		ip = &layers.IPv6{Version: 6, NextHeader: layers.IPProtocolUDP, HopLimit: 64, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
	}
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true}, ip, udp, gopacket.Payload(payload)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func packetsOf(ng bool) func(*testing.T, []exchanged) []byte {
	return func(t *testing.T, traffic []exchanged) []byte {
		var b bytes.Buffer
		var put func(gopacket.CaptureInfo, []byte) error
		flush := func() error { return nil }
		if ng {
			w, err := pcapgo.NewNgWriter(&b, layers.LinkTypeRaw)
			if err != nil {
				t.Fatal(err)
			}
			put, flush = w.WritePacket, w.Flush
		} else {
			w := pcapgo.NewWriter(&b)
			if err := w.WriteFileHeader(65535, layers.LinkTypeRaw); err != nil {
				t.Fatal(err)
			}
			put = w.WritePacket
		}
		for _, e := range traffic {
			for reply, wire := range [][]byte{wireQuery(t, e), wireReply(t, e)} {
				packet := packetOf(t, e.client, reply == 1, wire)
				if err := put(gopacket.CaptureInfo{Timestamp: e.at, CaptureLength: len(packet), Length: len(packet)}, packet); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := flush(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
}

// tappedOf writes two streams one after the other, the second one within the
// traffic, with what a resolver asks of others in between.
func tappedOf(t *testing.T, traffic []exchanged) []byte {
	var b bytes.Buffer
	for _, part := range [][]exchanged{traffic[:100], traffic[100:]} {
		w, err := framestream.NewWriter(&b, &framestream.WriterOptions{ContentTypes: [][]byte{dnstap.FSContentType}})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range part {
			sec, port := uint64(e.at.Unix()), uint32(4000)
			message := func(kind dnstap.Message_Type, query, reply []byte) {
				m := &dnstap.Message{Type: &kind, QueryAddress: netip.MustParseAddr(e.client).AsSlice(), QueryPort: &port, QueryTimeSec: &sec, ResponseTimeSec: &sec, QueryMessage: query, ResponseMessage: reply}
				frame, err := proto.Marshal(&dnstap.Dnstap{Type: dnstap.Dnstap_MESSAGE.Enum(), Message: m})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := w.WriteFrame(frame); err != nil {
					t.Fatal(err)
				}
			}
			message(dnstap.Message_CLIENT_QUERY, wireQuery(t, e), nil)
			message(dnstap.Message_RESOLVER_QUERY, wireQuery(t, e), nil)
			message(dnstap.Message_CLIENT_RESPONSE, nil, wireReply(t, e))
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}
