// Package subject says whom and what a query is about: the name, taken apart,
// and the client.
package subject

import (
	"bytes"
	"cmp"
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

// Client is who asks: a network, a device that a forwarder names, or a source that stands
// for clients that are not known. Equal values are the same client. The zero value is
// nobody.
type Client struct {
	high, low uint64      // the network, masked; IPv4 in IPv6 (::ffff:192.0.2.1)
	bits      uint8       // of it that count, plus one; 0 if it is none
	kind      IDKind      // of a device: MAC or CPE
	size      uint8       // bytes of id that count; the others are zero
	id        [MaxID]byte // of a device
	source    string
}

// String is what the client is called by: an address or a network, mac:… or cpe:…, or the
// source.
func (c Client) String() string {
	network, ok := c.Network()
	switch {
	case c.kind != NoID:
		return c.idString()
	case !ok:
		return c.source
	case network.IsSingleIP():
		return network.Addr().String()
	}
	return network.String()
}

// Key appends what is hashed of the client: equal for equal clients. What it begins with
// tells kinds of clients apart.
func (c *Client) Key(dst []byte) []byte {
	if c.kind != NoID {
		return append(append(dst, 0xff-byte(c.kind)), c.id[:c.size]...) // networks begin with 129 at most
	}
	dst = append(dst, c.bits)
	if c.bits == 0 {
		return append(dst, c.source...)
	}
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(dst, c.high), c.low)
}

// Hash is the keyed hash of the client: equal for equal clients.
func (c *Client) Hash(key *keyhash.Key) uint64 {
	if c.kind == NoID && c.bits != 0 {
		return keyhash.Mix(key.Words(c.high, c.low), uint64(c.bits))
	}
	var room [MaxID + 16]byte
	return key.Sum(c.Key(room[:0]))
}

// Kind is what a client and a zone are known as together.
type Kind byte

const (
	OfSLD    Kind = iota // an SLD
	OfSecond             // a second key
	OfAll                // all zones
)

// Pair is the keyed hash that a zone and a client are known by, out of those of both.
func Pair(zone uint64, as Kind, client uint64) uint64 {
	return keyhash.Mix(zone+uint64(as), client)
}

// All is the keyed hash that a client is known by alone.
func (c *Client) All(key *keyhash.Key) uint64 { return Pair(key.Sum(nil), OfAll, c.Hash(key)) }

// Within reports whether all addresses of the client lie in a network.
func (c *Client) Within(network netip.Prefix) bool {
	own, ok := c.Network()
	return ok && network.Bits() <= own.Bits() && network.Contains(own.Addr())
}

// Covers reports whether another client is this one or a part of it. Nobody covers
// everyone.
func (c *Client) Covers(other *Client) bool {
	if network, ok := c.Network(); ok {
		return other.Within(network)
	}
	return c.Nobody() || *c == *other
}

// Nobody reports whether c is the zero value.
func (c *Client) Nobody() bool { return c.bits == 0 && c.kind == NoID && c.source == "" }

// Compare orders clients: sources, devices and networks.
func (c *Client) Compare(other *Client) int {
	return cmp.Or(
		cmp.Compare(c.bits, other.bits), cmp.Compare(c.kind, other.kind), cmp.Compare(c.high, other.high), cmp.Compare(c.low, other.low),
		bytes.Compare(c.id[:c.size], other.id[:other.size]), cmp.Compare(c.source, other.source),
	)
}

// Network is the client's. It returns false for a device and for a source.
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
	c, err := ReadClient(s)
	if err != nil {
		return Client{source: s}
	}
	return c
}

func clientOf(network netip.Prefix) Client {
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
