package detect

import (
	"io"
	"net/netip"
	"time"

	"github.com/notunnel/notunnel/plugin/keyhash"
	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/subject"
)

// Key is the secret under which pairs are known.
func (e *Engine) Key() keyhash.Key { return e.config.Key }

// ClientBits are the bits of an IPv4 and of an IPv6 address that make one client.
func (e *Engine) ClientBits() (bits4, bits6 int) { return e.config.Bits4, e.config.Bits6 }

// Client makes c the client at an address, or the source of that name.
func (e *Engine) Client(c *subject.Client, address string) {
	var at netip.Addr
	named := subject.ParseClient(address)
	if network, ok := named.Network(); ok {
		at = network.Addr()
	}
	e.networks.Identify(c, at, address)
}

// SaveMeters writes what RestoreMeters reads. The engine may be in use meanwhile.
func (e *Engine) SaveMeters(w io.Writer) error {
	return e.meter.Save(w, e.pairs.table.Len(), e.pairs.save)
}

// RestoreMeters takes over what was metered by an engine of the same key and bits. This
// one must be new and in use by nobody; after an error it is of no use.
func (e *Engine) RestoreMeters(r io.Reader) error { return e.meter.Restore(r, e.pairs.restore) }

// save calls yield with the accounts of a shard.
func (p *pairs) save(number int, yield meter.Yield) {
	s := p.table.Shard(number)
	s.Lock()
	defer s.Unlock()
	s.Each(func(key uint64, of *pair) { yield(key, &of.account, &p.beside[number].rests) })
}

// restore puts an account into its place.
func (p *pairs) restore(key uint64, at time.Time, fill func(*meter.Account, *meter.Rests)) {
	l := p.lock(key, 0, at)
	defer l.Unlock()
	fill(&l.account, &l.rests)
}
