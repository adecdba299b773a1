package notunnel

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"

	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/subject"
)

// A forwarder makes one client of many. Some say in an EDNS option who asks, and are
// believed if the Corefile says so: anybody can write one.

// The options that dnsmasq 2.90 writes (src/dns-protocol.h, src/edns0.c), but for that of
// RFC 7871.
const (
	optionMAC     = 65001 // add-mac: the bytes
	optionMACText = 65073 // add-mac=text and add-mac=base64
	optionCPE     = 65074 // add-cpe-id
)

// clientIDs is who is believed about whom, one way for each peer.
type clientIDs []believed

type believed struct {
	peers netip.Prefix
	kind  subject.IDKind
}

var idKinds = map[string]subject.IDKind{"mac": subject.MAC, "ecs": subject.Subnet, "cpe": subject.CPE}

// from stands before the peers, as it is read.
const from = "from"

// setClientID reads KIND [from] CIDR....
func setClientID(cfg *config, _ string, args []string) error {
	kind, ok := idKinds[args[0]]
	if !ok {
		return fmt.Errorf("%q is neither mac, ecs nor cpe", args[0])
	}
	peers := args[1:]
	if strings.EqualFold(peers[0], from) {
		peers = peers[1:]
	}
	if len(peers) == 0 {
		return fmt.Errorf("behind %s there are no networks of those who are to be believed", args[1])
	}
	for _, arg := range peers {
		network, err := subject.ParseNetwork(arg)
		if err != nil {
			return err
		}
		for _, known := range cfg.clientIDs {
			if known.peers.Overlaps(network) {
				return fmt.Errorf("%s lies in %s, about which a client_id is given already: a peer is believed in one way", arg, known.peers)
			}
		}
		cfg.clientIDs = append(cfg.clientIDs, believed{peers: network, kind: kind})
	}
	return nil
}

// of is how a peer is believed.
func (c clientIDs) of(peer netip.Addr) subject.IDKind {
	peer = peer.Unmap().WithZone("")
	for i := range c {
		if c[i].peers.Contains(peer) {
			return c[i].kind
		}
	}
	return subject.NoID
}

// identify adds to a query who asks behind its client, if that is one to be believed and
// says so. Room is for a hardware address. It returns what counts how that went, nil if
// nothing is to be believed.
func (c clientIDs) identify(r *dns.Msg, q *detect.Query, room *[macSize]byte) (read prometheus.Counter) {
	kind := c.of(q.Client)
	if kind == subject.NoID {
		return nil
	}
	result := idMissing
	if opt := r.IsEdns0(); opt != nil {
		for _, option := range opt.Option {
			id, addr, found := readID(kind, option, q.Client, room)
			if result = max(result, found); found == idRead {
				q.ID, q.Client = id, addr
				break
			}
		}
	}
	return idsRead[kind][result]
}

// idResult is what was found of an ID.
type idResult int

const (
	idMissing idResult = iota
	idMalformed
	idRead
)

// macSize is that of the hardware addresses that are written as text.
const macSize = 6

// readID reads an option. With an ID comes the address that it goes with: the peer's, or
// that of the subnet.
func readID(kind subject.IDKind, option dns.EDNS0, peer netip.Addr, room *[macSize]byte) (id subject.ID, addr netip.Addr, found idResult) {
	id, addr = subject.ID{Kind: kind}, peer
	switch option := option.(type) {
	case *dns.EDNS0_SUBNET:
		if kind != subject.Subnet || option.SourceNetmask == 0 { // a client that does not want to be known
			return id, addr, idMissing
		}
		id.Bits = option.SourceNetmask
		var ok bool
		addr, ok = netip.AddrFromSlice(option.Address)
		if v4 := option.Family == 1; !ok || v4 != addr.Is4In6() || v4 && id.Bits > 32 || id.Bits > 128 {
			return id, peer, idMalformed
		}
		return id, addr.Unmap(), idRead
	case *dns.EDNS0_LOCAL:
		id.Bytes = option.Data
		switch {
		case kind == subject.MAC && option.Code == optionMACText:
			id.Bytes = macOfText(option.Data, room)
		case kind == subject.MAC && option.Code == optionMAC, kind == subject.CPE && option.Code == optionCPE:
		default:
			return id, addr, idMissing
		}
		if id.OK() {
			return id, addr, idRead
		}
		return id, addr, idMalformed
	}
	return id, addr, idMissing
}

// macOfText reads a hardware address in the forms 02:00:00:00:00:01 and AgAAAAAB, nil if
// it is none.
func macOfText(text []byte, room *[macSize]byte) []byte {
	switch len(text) {
	case 3*macSize - 1:
		for i := range macSize {
			if i > 0 && text[3*i-1] != ':' {
				return nil
			}
			if _, err := hex.Decode(room[i:], text[3*i:3*i+2]); err != nil {
				return nil
			}
		}
		return room[:]
	case base64.StdEncoding.EncodedLen(macSize):
		if n, err := base64.StdEncoding.Decode(room[:], text); err != nil || n != macSize {
			return nil
		}
		return room[:]
	}
	return nil
}

// idsRead are the counters, looked up once.
var idsRead = func() (all [subject.Subnet + 1][idRead + 1]prometheus.Counter) {
	for name, kind := range idKinds {
		for result, said := range []string{idMissing: "missing", idMalformed: "malformed", idRead: "read"} {
			all[kind][result] = clientIDsTotal.WithLabelValues(name, said)
		}
	}
	return all
}()
