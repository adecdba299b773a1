package split

import "bytes"

// isLocal tells whether the last label of the name (cluster.local and
// home.arpa included) is one that no public authority answers for: nothing
// under it can carry data out. Sources: RFC 6761 (localhost, invalid, test), RFC
// 6762 with its appendix G (local and the private top-level domains seen in
// practice), RFC 7686 (onion), RFC 8375 and the rest of arpa, RFC 9476 (alt),
// ICANN 2024 (internal). The example domains of RFC 6761 are not among them:
// section 6.5 asks resolvers to treat those like any other name, and
// example.com does resolve.
func isLocal(name []byte) bool {
	switch string(name[bytes.LastIndexByte(name, '.')+1:]) {
	case "localhost", "invalid", "test", "local",
		"intranet", "internal", "private", "corp",
		"home", "lan", "localdomain", "onion",
		"alt", "arpa":
		return true
	}
	return false
}

// The depth, in labels, at which networks are delegated: 3 + in-addr.arpa is
// a /24, 12 + ip6.arpa a /48.
const (
	v4Labels = 3 + 2
	v6Labels = 12 + 2
)

var v4Zone, v6Zone = []byte("in-addr.arpa"), []byte("ip6.arpa")

// reverseCut finds where the SLD of a reverse name begins.
func reverseCut(name []byte) (int, bool) {
	labels := 0
	switch {
	case below(name, v4Zone):
		labels = v4Labels
	case below(name, v6Zone):
		labels = v6Labels
	default:
		return 0, false
	}
	at := len(name)
	for ; labels > 0 && at >= 0; labels-- {
		at = bytes.LastIndexByte(name[:at], '.')
	}
	return at + 1, true
}

// below tells whether the name is the zone or lies under it.
func below(name, zone []byte) bool {
	if !bytes.HasSuffix(name, zone) {
		return false
	}
	rest := len(name) - len(zone)
	return rest == 0 || name[rest-1] == '.'
}
