package forecast

import (
	"bytes"
	"hash/maphash"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/plugin/split"
	"github.com/notunnel/notunnel/plugin/split/psl"
	"github.com/notunnel/notunnel/plugin/standing"
	"github.com/notunnel/notunnel/plugin/subject"
)

// name is what the name and the type of a query tell of who asks and of what it is below.
type name struct {
	qtype    uint16
	sld      []byte // nil if it has none
	sldHash  uint64
	hash     uint64 // of the whole name
	standing standing.Standing

	reverse   bool // below in-addr.arpa or ip6.arpa
	directory bool // of an Active Directory, or Kerberos and LDAP in general
	policy    bool // of mail: DKIM, DMARC
	address   bool // an address, last octet first, before a zone: a block list's
	macro     bool // as mail servers ask after the macros of SPF records
	tail      bool // ends in another domain: a search suffix's, or a list's of domains
}

func newName(seed maphash.Seed, known Standings, s *subject.Subject, qtype uint16) name {
	n := name{qtype: qtype, hash: maphash.Bytes(seed, s.Full())}
	sld := s.SLD()
	if len(sld) == 0 {
		return n
	}
	n.sld, n.sldHash = sld, maphash.Bytes(seed, sld)
	if n.reverse = bytes.HasSuffix(sld, []byte(".arpa")); n.reverse {
		return n
	}
	n.standing = known.Standing(sld)
	prefix := s.Prefix()
	if len(prefix) == 0 {
		return n
	}
	n.look(prefix)
	n.tail = n.tail && !n.address
	if n.tail {
		n.tail = domainLike(known, prefix)
	}
	return n
}

// look looks at the labels of a prefix.
func (n *name) look(prefix []byte) {
	octets, labels := 0, 0
	for label := range bytes.SplitSeq(prefix, []byte{'.'}) {
		if labels++; labels-1 == octets && split.IsOctet(label) && len(label) > 0 {
			octets++
		}
		if len(label) == 0 || label[0] != '_' {
			continue
		}
		switch string(label) {
		case "_msdcs", "_ldap", "_kerberos", "_gc", "_kpasswd":
			n.directory = true
		case "_domainkey", "_dmarc", "_adsp", "_mta-sts", "_smtp", "_bimi":
			n.policy = true
		case "_spf", "_ehlo", "_ip", "_helo":
			n.macro = true
		}
	}
	n.address = octets >= 4
	n.tail = labels >= 2
}

// classic are the top-level domains that hosts are not called after.
var classic = map[string]bool{"com": true, "net": true, "org": true}

// suffixLabels is how many labels of a search suffix, or of a list's zone, lie below its
// SLD at most.
const suffixLabels = 2

// domainLike reports whether the prefix ends in a domain that people know, or that has a
// suffix which is no host's name, but for a few labels.
func domainLike(known Standings, prefix []byte) bool {
	if prefix[0] == '.' || prefix[len(prefix)-1] == '.' || bytes.Contains(prefix, []byte("..")) {
		return false
	}
	for range suffixLabels + 1 {
		if isDomain(known, prefix) {
			return true
		}
		dot := bytes.LastIndexByte(prefix, '.')
		if dot < 0 {
			break
		}
		prefix = prefix[:dot]
	}
	return false
}

// isDomain is domainLike for what ends where the prefix ends.
func isDomain(known Standings, prefix []byte) bool {
	suffix := psl.Of(prefix)
	if suffix.Start == 0 || suffix.Start > len(prefix) {
		return false
	}
	if classic[string(prefix[suffix.Start:])] {
		return true
	}
	return known.Standing(prefix[bytes.LastIndexByte(prefix[:suffix.Start-1], '.')+1:]) != standing.Unknown
}

// pointer reports whether the query asks who has an address.
func (n *name) pointer() bool { return n.reverse && n.qtype == dns.TypePTR }

// host reports whether the query asks for the address of a host.
func (n *name) host() bool {
	return n.qtype == dns.TypeA || n.qtype == dns.TypeAAAA || n.qtype == dns.TypeHTTPS
}
