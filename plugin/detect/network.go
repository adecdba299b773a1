package detect

import (
	"fmt"
	"net/netip"
)

// v4InV6 is how many bits lead to an IPv4 address in IPv6 (::ffff:192.0.2.1,
// RFC 4291, section 2.5.5.2).
const v4InV6 = 96

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
