// Package subject says whom and what a query is about: the name, taken apart,
// and the client.
package subject

import (
	"encoding/binary"
	"net/netip"

	"github.com/notunnel/notunnel/plugin/keyhash"
	"github.com/notunnel/notunnel/plugin/split"
)

// Subject is what a query is about. It is meant to be used again for query after
// query: what the methods of Name return is valid until the next.
type Subject struct {
	split.Name
	Client Client
}

// Client is who asks: a network, or a source that stands for clients that are
// not known. Equal values are the same client. The zero value is nobody.
type Client struct {
	high, low uint64 // the network, masked; IPv4 in IPv6 (::ffff:192.0.2.1)
	bits      uint8  // of it that count, plus one; 0 for a source
	source    string
}

// String is the address or the network that the client is called by, or the
// source.
func (c Client) String() string {
	network, ok := c.Network()
	switch {
	case !ok:
		return c.source
	case network.IsSingleIP():
		return network.Addr().String()
	}
	return network.String()
}

// Key appends what is hashed of the client: equal for equal clients.
func (c *Client) Key(dst []byte) []byte {
	dst = append(dst, c.bits)
	if c.bits == 0 {
		return append(dst, c.source...)
	}
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(dst, c.high), c.low)
}

// Pair is the keyed hash that the SLD and the client are known by.
func (s *Subject) Pair(key *keyhash.Key, buf []byte) uint64 {
	return Pair(key, ofSLD, s.SLD(), &s.Client, buf)
}

// Kind is what a client and a zone are known as together.
type Kind byte

const (
	ofSLD    Kind = iota // an SLD
	OfSecond             // a second key
	OfAll                // all zones
)

// Pair is the keyed hash that a zone and a client are known by. buf is room for both.
func Pair(key *keyhash.Key, as Kind, zone []byte, c *Client, buf []byte) uint64 {
	buf = append(append(buf[:0], zone...), byte(as))
	return key.Sum(c.Key(buf))
}

// Within reports whether all addresses of the client lie in a network.
func (c *Client) Within(network netip.Prefix) bool {
	own, ok := c.Network()
	return ok && network.Bits() <= own.Bits() && network.Contains(own.Addr())
}

// Network is the client's. It returns false for a source.
func (c *Client) Network() (netip.Prefix, bool) {
	if c.bits == 0 {
		return netip.Prefix{}, false
	}
	var network [16]byte
	binary.BigEndian.PutUint64(network[:8], c.high)
	binary.BigEndian.PutUint64(network[8:], c.low)
	addr, bits := netip.AddrFrom16(network), int(c.bits)-1
	if addr.Is4In6() && bits >= v4InV6 {
		addr, bits = addr.Unmap(), bits-v4InV6
	}
	return netip.PrefixFrom(addr, bits), true
}

// ParseClient reads what String writes.
func ParseClient(s string) Client {
	network, err := ParseNetwork(s)
	if err != nil {
		return Client{source: s}
	}
	a, bits := network.Addr().As16(), network.Bits()
	if network.Addr().Is4() {
		bits += v4InV6
	}
	return Client{
		high: binary.BigEndian.Uint64(a[:8]), low: binary.BigEndian.Uint64(a[8:]), bits: uint8(bits) + 1,
	}
}

// MarshalText implements encoding.TextMarshaler.
func (c Client) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *Client) UnmarshalText(text []byte) error {
	*c = ParseClient(string(text))
	return nil
}
