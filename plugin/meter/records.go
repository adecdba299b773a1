package meter

import (
	"math"
	"time"
)

// Reply is what a reply brings in.
type Reply struct {
	Pair    uint64
	Hash    uint64 // of the prefix that was asked for
	Type    uint16 // that was asked for
	Records []Record
	At      time.Time
}

// Record is a record of a reply.
type Record struct {
	Hash  uint64 // keyed hash of all that the client can read of it
	Price Bits   // if it is new
}

// A reply that is another one than the last to its name and type is described record by
// record: each is one of the last, another one that was paid for, or new.
const (
	priceLate    = bit + 8   // then which one of the last
	priceFormer  = 2*bit + 8 // then which one of all
	priceUnknown = bit + 8   // then its own price
)

// Data prices rdata byte by byte: addresses too, which are no cheaper.
func Data(size int) Bits { return FromBytes(uint64(size)) }

// Name prices a name in canonical form that a record is made of.
func (c *Code) Name(name []byte) Bits { return c.prefix(name, new(held)) }

// Spelling prices letter case: next to nothing where there are no capitals.
func Spelling(letters, capitals int) Bits {
	if capitals == 0 {
		return priceOnce
	}
	return priceMore + Bits(letters)*bit
}

// Type prices the type of a record.
func Type(rrtype uint16) Bits { return priceType(typeCode(rrtype)) }

// Reply charges what comes in with a reply to a query of the pair. It returns DownAll
// if that exceeds the limit: the reply is to be withheld, and spends what was left, so
// that no query goes out until enough has aged.
func (m *Meter) Reply(r *Reply) (price Bits, cause Cause) {
	s := m.of(r.Pair)
	s.mu.Lock()
	defer s.mu.Unlock()
	a := m.account(s, r.Pair, r.At)
	all := uint64(1) // alike for all orders of the same records
	for i := range r.Records {
		all += mix(r.Records[i].Hash, 1)
	}
	line, of := m.paid.reply(a.identity, r.Hash, r.Type)
	if last := line.find(of, ofEvent); last&ofValue == value(all) {
		return 0, Within
	}
	for i := range r.Records {
		price = plus(price, m.recordPrice(a, &r.Records[i]))
	}
	spent := a.spent().down
	if limit := times(m.config.Limits.Down, a.factor); limit > 0 && plus(spent, price) > limit {
		a.down.add(limit - min(spent, limit))
		return 0, DownAll
	}
	line.put(of|value(all), ofEvent)
	for i := range r.Records {
		h := r.Records[i].Hash
		a.records.put(printOf[uint16](h))
		if line, e := m.paid.record(a.identity, h); line.find(e, ofAll) == 0 {
			line.put(e, ofAll)
			a.newest += min(1, math.MaxUint32-a.newest)
		}
	}
	a.down.add(price)
	if m.config.Watch != nil {
		m.config.Watch(Passed{Account: r.Pair, Factor: max(a.factor, 1), Up: a.spent().up, Down: a.spent().down})
	}
	return price, Within
}

func (m *Meter) recordPrice(a *account, r *Record) Bits {
	line, entry := m.paid.record(a.identity, r.Hash)
	switch {
	case a.records.find(printOf[uint16](r.Hash)) >= 0:
		return min(priceLate+priceOfOne(int(a.records.size)), priceUnknown+r.Price)
	case line.find(entry, ofAll) != 0:
		return min(priceFormer+priceOfOne(int(a.newest)), priceUnknown+r.Price)
	}
	return priceUnknown + r.Price
}
