package meter

import "time"

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

// Of a reply that is another one than the last to its name and type, each record
// costs priceMember that it is there, and which of those held it is, or its own price.
const priceMember = bit

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
	all := uint16(1) // alike for all orders of the same records
	for i := range r.Records {
		all += uint16(r.Records[i].Hash) | 1
	}
	last := a.lastReply(r)
	if last != nil && *last == all {
		return 0, Within
	}
	for i := range r.Records {
		one := r.Records[i].Price
		if a.records.find(printOf[uint16](r.Records[i].Hash)) >= 0 {
			one = priceOfOne(int(a.records.size))
		}
		price = plus(price, priceMember+one)
	}
	spent := a.spent().down
	if limit := times(m.config.Limits.Down, a.factor); limit > 0 && plus(spent, price) > limit {
		a.down.add(limit - min(spent, limit))
		return 0, DownAll
	}
	for i := range r.Records {
		a.records.put(printOf[uint16](r.Records[i].Hash))
	}
	if last != nil {
		*last = all
	}
	a.down.add(price)
	return price, Within
}

// lastReply is what is remembered of the last reply to the name and type, nil if the
// name is not held.
func (a *account) lastReply(r *Reply) *uint16 {
	place := a.memory.names.find(printOf[uint32](r.Hash))
	if place < 0 {
		return nil
	}
	return &a.replies[place][min(typeCode(r.Type), replyKinds-1)]
}

// replyKinds are the types of a name whose replies are remembered apart: A, others.
const replyKinds = 2
