package meter

import (
	"math"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/plugin/keyhash"
)

// Reply is what a reply brings in.
type Reply struct {
	Pair    uint64
	Hash    uint64 // of the prefix that was asked for
	Type    uint16 // that was asked for
	Rcode   int
	Told    Told // by its rcode and all its records
	Records []Record
	At      time.Time
}

// Told is what is remembered of a reply, alike for all orders of the same records.
type Told uint64

// Tell begins with the rcode.
func Tell(rcode int) Told { return Told(keyhash.Mix(uint64(rcode)+1, 0)) }

// TellAll is Tell and Add for all records.
func TellAll(rcode int, records []Record) Told {
	t := Tell(rcode)
	for i := range records {
		t.Add(records[i].Hash)
	}
	return t
}

// Add adds a record, by the keyed hash of all that the client can read of it.
func (t *Told) Add(hash uint64) { *t += Told(keyhash.Mix(hash, 1)) }

// Record is a record of a reply.
type Record struct {
	Hash  uint64 // keyed hash of all that the client can read of it
	Price Bits   // if it is new

	Begin uint64 // hash of how it begins, which others may share, see BeginningHash; 0 if that is not looked at
	Rest  Bits   // price of what comes behind that
}

// Prices of a reply that is another one than the last to its name and type. Of each
// group the probabilities sum to at most 1.
const (
	// What it is. Before that, if there was a last one, how many replies in a row were
	// as those before (priceRun).
	priceRecords = 8         // records: then how many, and each
	priceNoName  = 3 * bit   // NXDOMAIN, and no records
	priceNoData  = 3 * bit   // no records
	priceFailed  = 5 * bit   // SERVFAIL, and no records
	priceRcode   = 6*bit + 7 // any rcode: then how many records, and each
	rcodes       = 12        // bits

	// What a record is.
	priceLate    = bit + 8   // one of the last: then which one
	priceFormer  = 2*bit + 8 // another one that was paid for: then which one of all
	priceUnknown = bit + 8   // any: then its own price
	priceBegun   = 3*bit + 2 // one that begins like one before: then which beginning, and the rest
)

// Data prices rdata byte by byte: addresses too, which are no cheaper.
func Data(size int) Bits { return FromBytes(uint64(size)) }

// Length prices how much rdata there is, where the type does not say it.
func Length(size int) Bits { return priceNumberOf(size + 1) }

// BeginningHash is the hash of how a record begins, made of the keyed hash of what can be
// read up to BeginningSize bytes of its rdata.
func BeginningHash(hash uint64) uint64 { return keyhash.Mix(hash, 2) }

// BeginningSize is how much of rdata of a size stands for its beginning, 0 if it has none:
// of addresses the networks that hosts are spread over, of others what texts and keys
// of one make share.
func BeginningSize(size int) int {
	for _, n := range [...]int{32, 8, 2} {
		if n < size {
			return n
		}
	}
	return 0
}

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

// Owner prices whether a record is of the name that was asked for, or of one that this
// leads to. If it is not, its own name comes next.
func Owner(expected bool) Bits {
	if expected {
		return priceOnce
	}
	return priceMore
}

// AheadRecord has the processor bring in what is remembered of a record.
func (m *Meter) AheadRecord(pair uint64, r *Record) {
	m.paid.aheadRecord(pair, r.Hash)
	if r.Begin != 0 {
		m.paid.aheadRecord(pair, r.Begin)
	}
}

// Reply charges what comes in with a reply to the account that the meter holds, see
// ChargeReply.
func (m *Meter) Reply(r *Reply) (price Bits, cause Cause) {
	s, rests := m.of(r.Pair)
	s.Lock()
	defer s.Unlock()
	return m.ChargeReply(m.account(s, rests, r.Pair, r.At), rests, r)
}

// ReplyAgain is Again for the account that the meter holds.
func (m *Meter) ReplyAgain(r *Reply) bool {
	s, rests := m.of(r.Pair)
	s.Lock()
	defer s.Unlock()
	return m.Again(m.account(s, rests, r.Pair, r.At), rests, r)
}

// Again reports whether a reply is the last one to its name and type once more, and counts
// it then. Of such a one nobody needs to know the records: it is free, and how many of them
// there were is paid for when another one comes.
func (m *Meter) Again(a *Account, rests *Rests, r *Reply) bool {
	if a.stale(partOf(r.At)) {
		m.settle(r.Pair, a, rests, r.At)
	}
	line, of := m.paid.reply(owner{r.Pair, a.identity}, r.Hash, r.Type)
	last, _ := line.find(of, ofEvent)
	return a.repeats(last, r)
}

// repeats is Again for what is remembered of the last reply.
func (a *Account) repeats(last uint64, r *Reply) bool {
	again := last&ofValue == value(uint64(r.Told))
	if again {
		a.unchanged += min(1, math.MaxUint32-a.unchanged)
	}
	return again
}

// ChargeReply charges what comes in with a reply to an account that is locked, nothing for
// the last one once more. It returns DownAll if that exceeds the limit: the reply is to be
// withheld, and spends what was left, so that no query goes out until enough has aged.
func (m *Meter) ChargeReply(a *Account, rests *Rests, r *Reply) (price Bits, cause Cause) {
	if a.stale(partOf(r.At)) {
		m.settle(r.Pair, a, rests, r.At)
	}
	own := owner{r.Pair, a.identity}
	line, of := m.paid.reply(own, r.Hash, r.Type)
	last, at := line.find(of, ofEvent)
	if a.repeats(last, r) {
		return 0, Within
	}
	price = m.replyPrice(a, rests, own, r)
	if last != 0 {
		price = plus(price, priceRun(a.unchanged))
	}
	spent := a.spent().down
	if limit := times(m.config.Limits.Down, a.factor); limit > 0 && plus(spent, price) > limit {
		a.down.add(limit - min(spent, limit))
		return 0, DownAll
	}
	if last != 0 {
		a.unchanged = 0
	}
	line.put(at, of|value(uint64(r.Told)), ofEvent)
	if int(a.records.size)+len(r.Records) > few {
		rests.of(a)
	}
	for i := range r.Records {
		m.rememberRecord(a, rests, own, &r.Records[i])
	}
	a.down.add(price)
	if m.config.Watch != nil {
		m.config.Watch(Passed{Account: r.Pair, Factor: max(a.factor, 1), Up: a.spent().up, Down: a.spent().down})
	}
	return price, Within
}

// replyPrice is the price of a reply that is not the last one again.
func (m *Meter) replyPrice(a *Account, rests *Rests, own owner, r *Reply) (price Bits) {
	switch n := len(r.Records); {
	case n > 0 && r.Rcode == dns.RcodeSuccess:
		price = priceRecords + priceNumberOf(n)
	case n == 0 && r.Rcode == dns.RcodeNameError:
		return priceNoName
	case n == 0 && r.Rcode == dns.RcodeSuccess:
		return priceNoData
	case n == 0 && r.Rcode == dns.RcodeServerFailure:
		return priceFailed
	default:
		price = priceRcode + rcodes*bit + priceNumberOf(n+1)
	}
	for i := range r.Records {
		price = plus(price, m.recordPrice(a, rests, own, &r.Records[i]))
	}
	return price
}

// recordPrice is that of the cheapest description.
func (m *Meter) recordPrice(a *Account, rests *Rests, own owner, r *Record) Bits {
	price := plus(priceUnknown, r.Price)
	if a.records.find(printOf[uint16](r.Hash), rests.records(a)) >= 0 {
		return min(price, priceLate+priceOfOne(int(a.records.size)))
	}
	if m.paid.has(own, r.Hash) {
		return min(price, priceFormer+priceOfOne(int(a.newest)))
	}
	if r.Begin != 0 && m.paid.has(own, r.Begin) {
		price = min(price, plus(priceBegun+priceOfOne(int(a.begun)), r.Rest))
	}
	return price
}

// rememberRecord takes a record in that has been paid for.
func (m *Meter) rememberRecord(a *Account, rests *Rests, own owner, r *Record) {
	a.records.put(printOf[uint16](r.Hash), rests.records(a))
	if m.paid.add(own, r.Hash) {
		a.newest += min(1, math.MaxUint32-a.newest)
		if r.Begin != 0 && m.paid.add(own, r.Begin) {
			a.begun += min(1, math.MaxUint32-a.begun)
		}
	}
}
