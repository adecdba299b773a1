package meter

import (
	"time"

	"github.com/notunnel/notunnel/plugin/slab"
)

// Account is what is kept of a pair, or of a client. It holds no pointers, and whoever
// holds it guards it. The zero value is one that has not been charged yet. What each query
// and reply needs comes first.
type Account struct {
	identity  uint64         // among what was paid for: nothing is found of one that had the key before; 0 before the first charge
	part      uint32         // number of the running part of the sums
	rest      uint32         // number of its rest plus one; 0 if it has none
	up, down  sum            // since it is held
	before    amount         // what is remembered of it from before that
	unchanged uint32         // replies in a row that were as the last ones to their names
	newest    uint32         // records that were new
	begun     uint32         // and beginnings of records
	known     bool           // standing has been asked for
	factor    uint8          // by which the limits are multiplied, if it has
	records   recent[uint16] // that came in
	memory    memory[uint32, uint16]
}

// rest is what few accounts have.
type rest struct {
	up, down older
	subtree  subtree // of a domain that is not unknown
	tails    tails[uint32, uint16]
	records  tail[uint16]
}

// Rests is where accounts have it, guarded as they are. The zero value is empty.
type Rests struct{ pool slab.Pool[rest] }

// of returns the rest of an account, a new one if it has none.
func (r *Rests) of(a *Account) *rest {
	if a.rest == 0 {
		number := r.pool.Take()
		*r.pool.At(number), a.rest = rest{}, number+1
	}
	return r.pool.At(a.rest - 1)
}

// tails and records are nil if the account has no rest.
func (r *Rests) tails(a *Account) *tails[uint32, uint16] {
	if a.rest == 0 {
		return nil
	}
	return &r.of(a).tails
}

func (r *Rests) records(a *Account) *tail[uint16] {
	if a.rest == 0 {
		return nil
	}
	return &r.of(a).records
}

// copy gives an account from elsewhere a rest of its own, as it had one there.
func (r *Rests) copy(a *Account, from *Rests) {
	if a.rest != 0 {
		theirs := *from.of(a)
		a.rest = 0
		*r.of(a) = theirs
	}
}

// let takes back what an account has that goes.
func (r *Rests) let(a *Account) {
	if a.rest != 0 {
		r.pool.Give(a.rest - 1)
		a.rest = 0
	}
}

// amount is of both directions.
type amount struct{ up, down Bits }

// spent is what counts for the limits.
func (a *Account) spent() amount {
	return amount{up: plus(a.up.total, a.before.up), down: plus(a.down.total, a.before.down)}
}

// stale reports whether there is something to settle when a part is the running one.
func (a *Account) stale(part uint32) bool { return part > a.part || a.identity == 0 }

// Begun is when the running part of the sums began.
func (a *Account) Begun() time.Time { return timeOf(a.part) }
