package meter

import "time"

// Account is what is kept of a pair, or of a client. It holds no pointers, and whoever
// holds it guards it. The zero value is one that has not been charged yet. What each query
// and reply needs comes first.
type Account struct {
	identity  uint64 // among what was paid for: nothing is found of one that had the key before; 0 before the first charge
	part      uint32 // number of the running part of the sums
	unchanged uint32 // replies in a row that were as the last ones to their names
	known     bool   // standing has been asked for
	factor    uint8  // by which the limits are multiplied, if it has
	up, down  sum    // since it is held
	before    amount // what is remembered of it from before that
	newest    uint32 // records that were new
	memory    memory[uint32, uint16]
	records   recent[uint16] // that came in
	begun     uint32         // and beginnings of records
	subtree   subtree        // of a domain that is not unknown
}

// amount is of both directions.
type amount struct{ up, down Bits }

// spent is what counts for the limits.
func (a *Account) spent() amount {
	return amount{up: plus(a.up.total, a.before.up), down: plus(a.down.total, a.before.down)}
}

// Begun is when the running part of the sums began.
func (a *Account) Begun() time.Time { return timeOf(a.part) }
