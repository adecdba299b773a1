package split

// isLocal reports whether the last label of a name is one that no public
// authority answers for: nothing under it can carry data out. Sources: RFC 6761
// (localhost, invalid, test), RFC 6762 with its appendix G (local and the private
// top-level domains seen in practice), RFC 7686 (onion), RFC 9476 (alt), ICANN
// 2024 (internal). The example domains of RFC 6761 are not among them: section
// 6.5 asks resolvers to treat those like any other name, and example.com does
// resolve. The local zones of arpa are in reverse.go.
func isLocal(last []byte) bool {
	switch string(last) {
	case "localhost", "invalid", "test", "local",
		"intranet", "internal", "private", "corp",
		"home", "lan", "localdomain", "onion",
		"alt":
		return true
	}
	return false
}
