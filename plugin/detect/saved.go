package detect

import (
	"io"

	"github.com/notunnel/notunnel/plugin/keyhash"
)

// Key is the secret under which pairs are known.
func (e *Engine) Key() keyhash.Key { return e.config.Key }

// ClientBits are the bits of an IPv4 and of an IPv6 address that make one client.
func (e *Engine) ClientBits() (bits4, bits6 int) { return e.config.Bits4, e.config.Bits6 }

// SaveMeters writes what RestoreMeters reads. The engine may be in use meanwhile.
func (e *Engine) SaveMeters(w io.Writer) error { return e.meter.Save(w) }

// RestoreMeters takes over what was metered by an engine of the same key and bits. This
// one must be new and in use by nobody; after an error it is of no use.
func (e *Engine) RestoreMeters(r io.Reader) error { return e.meter.Restore(r) }
