package subject

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// ParseNetwork reads a network or a single address, as exempt takes them. IPv4
// in IPv6 is IPv4, as it is in clients.
func ParseNetwork(s string) (netip.Prefix, error) {
	if p, err := netip.ParsePrefix(s); err == nil {
		if p.Addr().Is4In6() {
			if p.Bits() < v4InV6 {
				return p, fmt.Errorf("%q is wider than the IPv4 addresses in IPv6", s)
			}
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-v4InV6)
		}
		return p.Masked(), nil
	}
	addr, err := netip.ParseAddr(s)
	if err != nil || addr.Zone() != "" {
		return netip.Prefix{}, fmt.Errorf("%q is neither a network nor an address", s)
	}
	addr = addr.Unmap()
	return netip.PrefixFrom(addr, addr.BitLen()), nil
}

// Networks says how much of an address makes one client.
type Networks struct {
	bits4, bits6 uint8
	mask4, mask6 [2]uint64 // high half first
}

// v4InV6 is how many bits lead to an IPv4 address in IPv6 (::ffff:192.0.2.1,
// RFC 4291, section 2.5.5.2).
const v4InV6 = 96

// NewNetworks takes the bits of an IPv4 and of an IPv6 address that make one
// client, up to 32 and 128.
func NewNetworks(bits4, bits6 int) (n Networks, err error) {
	if bits4 < 0 || bits4 > 32 || bits6 < 0 || bits6 > 128 {
		return n, fmt.Errorf("client prefix /%d, /%d is out of range", bits4, bits6)
	}
	return Networks{
		bits4: uint8(v4InV6 + bits4), mask4: maskOf(v4InV6 + bits4),
		bits6: uint8(bits6), mask6: maskOf(bits6),
	}, nil
}

// Identify makes c the client at the address, or the source where there is none.
func (n *Networks) Identify(c *Client, addr netip.Addr, source string) {
	if c.kind != NoID {
		*c = Client{}
	}
	switch {
	case addr.Is4() || addr.Is4In6():
		a := addr.As4()
		c.high, c.low = 0, (0xffff<<32|uint64(binary.BigEndian.Uint32(a[:])))&n.mask4[1]
		c.bits, c.source = n.bits4+1, ""
	case addr.IsValid():
		a := addr.As16()
		c.high, c.low = binary.BigEndian.Uint64(a[:8])&n.mask6[0], binary.BigEndian.Uint64(a[8:])&n.mask6[1]
		c.bits, c.source = n.bits6+1, ""
	default:
		*c = Client{source: source}
	}
}

func maskOf(bits int) (m [2]uint64) {
	for i := range bits {
		m[i/64] |= 1 << 63 >> (i % 64)
	}
	return m
}
