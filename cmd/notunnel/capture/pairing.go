package capture

import (
	"net/netip"
	"strings"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/miekg/dns"
)

// pairing joins the queries and replies of logs that give each a line of its
// own. A reply goes to the query that waits for it longest.
type pairing struct {
	*reading
	open *simplelru.LRU[waiting, []*Query]
}

// waiting is what the line of a query and that of its reply have in common.
type waiting struct {
	client netip.Addr
	id     string // "" where the log tells none
	name   string // lower case
	qtype  uint16
}

// mostAlike is how many like queries wait for their replies at most.
const mostAlike = 64

func newPairing(r *reading) *pairing {
	open, _ := simplelru.NewLRU[waiting, []*Query](pending, nil) // fails for a size below 1 only
	return &pairing{reading: r, open: open}
}

func keyOf(q *Query, id string) waiting {
	return waiting{q.Client, id, strings.ToLower(q.Name), q.Type}
}

func (p *pairing) query(key waiting, q *Query) error {
	open, _ := p.open.Get(key)
	if len(open) >= mostAlike {
		open = open[1:]
	}
	p.open.Add(key, append(open, q))
	return p.visitor.Query(q)
}

// reply passes on the reply to a query like q, which announces it if none is known.
func (p *pairing) reply(key waiting, q *Query, m *dns.Msg) error {
	open, _ := p.open.Get(key)
	switch len(open) {
	case 0:
		return p.answered(q, m)
	case 1:
		p.open.Remove(key)
	default:
		p.open.Add(key, open[1:])
	}
	return p.visitor.Reply(open[0], m)
}
