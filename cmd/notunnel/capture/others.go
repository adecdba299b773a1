package capture

import (
	"bytes"
	"net/netip"
	"slices"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// others counts what of a capture is DNS and not read: on ports that were not
// named, and encrypted.
type others struct {
	ports map[uint16]int // messages that look like DNS
}

const (
	portTLS   = 853 // DNS over TLS (RFC 7858) and over QUIC (RFC 9250)
	portHTTPS = 443
)

// quicPorts are those of DNS over QUIC, by the standard and by its drafts.
var quicPorts = []uint16{portTLS, 784, 8853}

// relatives are ports of protocols that have the messages of DNS, and are none:
// NetBIOS names, multicast DNS, LLMNR.
var relatives = []uint16{137, 5353, 5355}

// resolverNames are names of public resolvers over HTTPS, as they stand in the
// clear where a TLS connection begins. They and resolverAddresses are those that
// browsers and systems come with, or their makers document.
var resolverNames = [][]byte{
	[]byte("cloudflare-dns.com"), []byte("one.one.one.one"), []byte("dns.google"), []byte("dns64.dns.google"), []byte("quad9.net"),
	[]byte("doh.opendns.com"), []byte("doh.umbrella.com"), []byte("dns.nextdns.io"), []byte("doh.cleanbrowsing.org"),
	[]byte("adguard-dns.com"), []byte("dns.adguard.com"), []byte("controld.com"), []byte("doh.dns.sb"), []byte("dns.mullvad.net"),
	[]byte("doh.xfinity.com"), []byte("dns.switch.ch"), []byte("doh.libredns.gr"), []byte("dns.alidns.com"), []byte("doh.pub"),
}

var resolverAddresses = addresses(
	"1.1.1.1", "1.0.0.1", "1.1.1.2", "1.0.0.2", "1.1.1.3", "1.0.0.3", "8.8.8.8", "8.8.4.4", "9.9.9.9", "149.112.112.112",
	"208.67.222.222", "208.67.220.220", "94.140.14.14", "94.140.15.15",
	"2606:4700:4700::1111", "2606:4700:4700::1001", "2001:4860:4860::8888", "2001:4860:4860::8844", "2620:fe::fe", "2620:fe::9",
)

func addresses(texts ...string) map[netip.Addr]bool {
	set := map[netip.Addr]bool{}
	for _, text := range texts {
		set[netip.MustParseAddr(text)] = true
	}
	return set
}

// udp looks at a datagram on ports that are not read.
func (o *others) udp(p *packets, ip gopacket.Flow, l *layers.UDP) {
	src, dst := uint16(l.SrcPort), uint16(l.DstPort)
	switch {
	case slices.Contains(quicPorts, src) || slices.Contains(quicPorts, dst):
		p.stats.skip("packets of DNS over QUIC", "packet %d", p.number)
		return
	case (src == portHTTPS || dst == portHTTPS) && ofResolver(ip):
		p.stats.skip("packets of DNS over HTTPS", "packet %d", p.number)
		return
	}
	if slices.Contains(relatives, src) || slices.Contains(relatives, dst) || !isQuestion(l.Payload) {
		return
	}
	port := dst
	if l.Payload[2]&0x80 != 0 {
		port = src
	}
	if o.ports == nil {
		o.ports = map[uint16]int{}
	}
	o.ports[port]++
	p.stats.skip("messages of DNS on other ports", "packet %d, port %d", p.number, port)
}

// tcp looks at a segment on ports that are not read.
func (o *others) tcp(p *packets, ip gopacket.Flow, l *layers.TCP) {
	src, dst := uint16(l.SrcPort), uint16(l.DstPort)
	data := l.Payload
	if len(data) == 0 {
		return
	}
	switch {
	case src == portTLS || dst == portTLS:
		p.stats.skip("packets of DNS over TLS", "packet %d", p.number)
	case (src == portHTTPS || dst == portHTTPS) && ofResolver(ip), isHello(data) && toResolver(data):
		p.stats.skip("packets of DNS over HTTPS", "packet %d", p.number)
	case bytes.Contains(data[:min(len(data), 2048)], []byte("application/dns-message")):
		p.stats.skip("packets of DNS over HTTP", "packet %d", p.number)
	case len(data) > 2 && isQuestion(data[2:]) && int(data[0])<<8|int(data[1]) >= len(data)-2:
		port := dst
		if data[4]&0x80 != 0 {
			port = src
		}
		if o.ports == nil {
			o.ports = map[uint16]int{}
		}
		o.ports[port]++
		p.stats.skip("messages of DNS on other ports", "packet %d, port %d", p.number, port)
	}
}

// ofResolver reports whether one end is a public resolver.
func ofResolver(ip gopacket.Flow) bool {
	src, dst := ip.Endpoints()
	a, _ := netip.AddrFromSlice(src.Raw())
	b, _ := netip.AddrFromSlice(dst.Raw())
	return resolverAddresses[a.Unmap()] || resolverAddresses[b.Unmap()]
}

// isHello reports whether a TLS connection begins: a handshake, a ClientHello.
func isHello(data []byte) bool {
	return len(data) > 5 && data[0] == 22 && data[1] == 3 && data[5] == 1
}

// toResolver reports whether a ClientHello names a resolver.
func toResolver(data []byte) bool {
	for _, name := range resolverNames {
		if bytes.Contains(data, name) {
			return true
		}
	}
	return false
}

// fewestAlike is how many messages on a port are no accident.
const fewestAlike = 4

// tell says on which ports there is more, and that what is encrypted cannot be
// seen.
func (o *others) tell(p *packets) {
	var ports []uint16
	for port, n := range o.ports {
		if n >= fewestAlike {
			ports = append(ports, port)
		}
	}
	slices.SortFunc(ports, func(a, b uint16) int { return o.ports[b] - o.ports[a] })
	for _, port := range ports[:min(len(ports), mostPorts)] {
		p.stats.note("%d messages on port %d look like DNS: --port %d reads them", o.ports[port], port, port)
	}
	encrypted := 0
	p.stats.Skipped.Each(func(kind string, c Count) {
		if bytes.HasPrefix([]byte(kind), []byte("packets of DNS over")) {
			encrypted += c.N
		}
	})
	if encrypted > 0 {
		p.stats.note("%d packets of DNS over TLS, QUIC or HTTP: what they ask for cannot be seen", encrypted)
	}
	if p.told == 0 && p.read > 0 && len(ports) == 0 {
		p.stats.note("%d packets, and none of DNS on ports %v: --port names others", p.read, p.ports)
	}
}

// mostPorts is of how many ports is said that DNS may be there.
const mostPorts = 4
