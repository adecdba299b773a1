package subject

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/notunnel/notunnel/plugin/escape"
)

// ID is who asks behind a forwarder, as that says it. The zero value says nothing: then
// the address of the query counts.
type ID struct {
	Kind  IDKind
	Bits  uint8  // of a Subnet: how much of the query's address is known
	Bytes []byte // of a MAC and a CPE
}

// IDKind is a way to say who asks.
type IDKind uint8

const (
	NoID   IDKind = iota
	MAC           // a hardware address
	CPE           // the name of a device at the customer's
	Subnet        // the beginning of an address
)

// MaxID is the longest ID, in bytes.
const MaxID = 48

const (
	macPrefix = "mac:"
	cpePrefix = "cpe:"
)

// OK reports whether the ID is one.
func (id *ID) OK() bool {
	switch id.Kind {
	case MAC:
		return isMAC(len(id.Bytes))
	case CPE:
		return 0 < len(id.Bytes) && len(id.Bytes) <= MaxID
	}
	return true
}

// isMAC reports whether hardware addresses have that many bytes: EUI-48, EUI-64, or 20
// of InfiniBand.
func isMAC(size int) bool { return size == 6 || size == 8 || size == 20 }

// Behind makes c the client that an ID stands for. addr is that of the query, or of which
// the Subnet is the beginning. The ID is one.
func (n *Networks) Behind(c *Client, addr netip.Addr, id *ID) {
	switch id.Kind {
	case MAC, CPE:
		c.name(id.Kind, id.Bytes)
	case Subnet:
		n.Identify(c, addr, "")
		c.widen(addr, id.Bits)
	default:
		n.Identify(c, addr, "")
	}
}

// ID is the device's, none for any other client.
func (c *Client) ID() ID {
	if c.kind == NoID {
		return ID{}
	}
	return ID{Kind: c.kind, Bytes: c.id[:c.size]}
}

// name makes c the client of a MAC or CPE.
func (c *Client) name(kind IDKind, text []byte) {
	*c = Client{kind: kind}
	c.size = uint8(copy(c.id[:], text))
}

// widen takes no more of a client's network than is known.
func (c *Client) widen(addr netip.Addr, known uint8) {
	if addr.Is4() || addr.Is4In6() {
		known += v4InV6
	}
	if c.bits > known+1 {
		mask := maskOf(int(known))
		c.high, c.low, c.bits = c.high&mask[0], c.low&mask[1], known+1
	}
}

// idString is the ID as people are told it: mac:… or cpe:…, with \DDD for bytes that are
// not plain.
func (c *Client) idString() string {
	id := c.id[:c.size]
	if c.kind == MAC {
		return macPrefix + net.HardwareAddr(id).String()
	}
	text := []byte(cpePrefix)
	for _, b := range id {
		if '!' <= b && b <= '~' && b != '\\' && b != '"' {
			text = append(text, b)
		} else {
			text = escape.AppendByte(text, b)
		}
	}
	return string(text)
}

var errClient = errors.New("is neither an address, a network, mac:… nor cpe:…")

// ReadClient reads a client as people name it: an address, a network, mac:… or cpe:….
func ReadClient(s string) (c Client, err error) {
	if text, ok := strings.CutPrefix(s, macPrefix); ok {
		if mac, err := net.ParseMAC(text); err == nil {
			c.name(MAC, mac)
			return c, nil
		}
	}
	if text, ok := strings.CutPrefix(s, cpePrefix); ok {
		if id := (ID{Kind: CPE, Bytes: escape.Append(nil, text)}); id.OK() {
			c.name(CPE, id.Bytes)
			return c, nil
		}
	}
	network, err := ParseNetwork(s)
	if err != nil {
		return c, fmt.Errorf("%q %w", s, errClient)
	}
	return clientOf(network), nil
}
