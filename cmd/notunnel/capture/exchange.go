package capture

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/miekg/dns"
)

// exchange is what a query and its reply have in common.
type exchange struct {
	client, server netip.AddrPort
	id             uint16
	name           string
	qtype          uint16
}

// pending is how many queries may wait for their replies; the ones that wait
// for longest go first.
const pending = 1 << 16

// place says where in a file something stands.
type place struct {
	what   string
	number int // 0 if what says all
}

func (p place) String() string {
	if p.number == 0 {
		return p.what
	}
	return fmt.Sprintf("%s %d", p.what, p.number)
}

// exchanges joins messages to queries and replies.
type exchanges struct {
	*reading
	open *simplelru.LRU[exchange, *Query]
}

func newExchanges(r *reading) *exchanges {
	open, _ := simplelru.NewLRU[exchange, *Query](pending, nil) // fails for a size below 1 only
	return &exchanges{reading: r, open: open}
}

// message takes a DNS message as it was on the wire. cut tells that its end is
// known to be missing; where says which it is, for the count of defects.
func (x *exchanges) message(at time.Time, from, to netip.AddrPort, wire []byte, cut bool, where place) error {
	m := new(dns.Msg)
	err := m.Unpack(wire)
	if err != nil && !cut {
		x.stats.Malformed.Add("%s: %v", where, err)
	}
	// Resolvers refuse a query that cannot be decoded. A reply that decodes in
	// part has told that part, and names its question.
	if err != nil && !cut && !m.Response || m.Opcode != dns.OpcodeQuery {
		return nil
	}
	if len(m.Question) != 1 {
		if err == nil {
			x.stats.Malformed.Add("%s: %d questions", where, len(m.Question))
		}
		return nil
	}
	asked := m.Question[0]
	key := exchange{from, to, m.Id, strings.ToLower(asked.Name), asked.Qtype}
	if m.Response {
		key.client, key.server = to, from
	}
	q, known := x.open.Get(key)
	if !known || !m.Response {
		q = &Query{At: at, Client: key.client.Addr(), Name: asked.Name, Type: asked.Qtype}
		x.open.Add(key, q)
		if err := x.visitor.Query(q); err != nil {
			return err
		}
	}
	if !m.Response {
		return nil
	}
	return x.visitor.Reply(q, m)
}
