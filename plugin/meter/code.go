package meter

import (
	"bytes"
	"math"
	"math/bits"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/plugin/split"
)

// Bits is an amount of information in 1/16 bit.
type Bits uint32

const bit Bits = 16

// FromBytes is that many bytes, or the most there is.
func FromBytes(n uint64) Bits { return Bits(min(n*8*uint64(bit), math.MaxUint32)) }

// Bytes is the amount in bytes, rounded up.
func (b Bits) Bytes() uint64 { return (uint64(b) + uint64(8*bit) - 1) / uint64(8*bit) }

// Whole is the amount in whole bits, rounded up.
func (b Bits) Whole() int { return int((b + bit - 1) / bit) }

// Prices of choices. Of each group the probabilities, 2^-price, sum to at most 1.
const (
	// What an event is.
	priceNext  = 3         // what followed the last one the time before
	priceAgain = 4*bit + 1 // one of the last names: then which one, and the type
	priceFar   = 6*bit + 2 // another name that was paid for: then which one, and the type
	priceNew   = 4*bit + 9 // any other: then the type and the name

	// Before that, how often the last one was repeated.
	priceOnce = 1          // not at all
	priceMore = 4*bit + 10 // some times: then how many

	// What comes next in a new name, from the SLD outwards.
	priceEnd     = bit + 9   // nothing
	priceHeld    = 2 * bit   // a label that is held: then which one
	priceSpelled = bit + 9   // a label by the model of benign ones
	priceRaw     = 5*bit + 1 // a label byte by byte: then its length
	priceAddress = 6 * bit   // four labels that are an IPv4 address
	priceDomain  = 6 * bit   // a popular domain, right before the SLD: then which one

	// Within a raw label.
	priceLength = 6 * bit   // from 0 to 63, all alike
	priceUsual  = 5*bit + 6 // one of 39 characters, or that another byte comes
	priceByte   = 8 * bit   // that byte

	// An address: its octets.
	priceNumber = 32 * bit

	// Record types.
	priceCommon = 2 * bit  // A, AAAA, HTTPS
	priceListed = 6 * bit  // fifteen more
	priceOther  = 22 * bit // any
)

// Speller is the model of benign labels: what a label costs by it, in 1/16 bit, its
// end included, if it can be spelled.
type Speller interface {
	Label(label []byte) (cost uint32, ok bool)
}

// Domains are those that many people use, and that a search suffix is put behind.
type Domains interface {
	// Popular returns where a popular domain begins that ends the name, and how many
	// such domains there are; ok is false if none ends it.
	Popular(name []byte) (start, count int, ok bool)
}

// Code prices names. It is immutable.
type Code struct {
	Spell   Speller
	Domains Domains
}

// typeCode numbers the types that are cheaper than any, the common ones first, and
// is noCode for all others.
func typeCode(qtype uint16) uint8 {
	if int(qtype) < len(typeCodes) {
		return typeCodes[qtype]
	}
	return noCode
}

var typeCodes = func() (codes [dns.TypeCAA + 1]uint8) {
	for i := range codes {
		codes[i] = noCode
	}
	for code, qtype := range [noCode]uint16{
		dns.TypeA, dns.TypeAAAA, dns.TypeHTTPS,
		dns.TypePTR, dns.TypeTXT, dns.TypeMX, dns.TypeSRV, dns.TypeNS, dns.TypeSOA, dns.TypeCNAME, dns.TypeDS, dns.TypeDNSKEY,
		dns.TypeCAA, dns.TypeSVCB, dns.TypeTLSA, dns.TypeNAPTR, dns.TypeANY, dns.TypeNULL,
	} {
		codes[qtype] = uint8(code)
	}
	return codes
}()

const (
	commonCodes = 3
	noCode      = 18
)

func priceType(code uint8) Bits {
	switch {
	case code < commonCodes:
		return priceCommon
	case code < noCode:
		return priceListed
	}
	return priceOther
}

// priceRun is the price of a number of repeats.
func priceRun(repeats uint32) Bits {
	if repeats == 0 {
		return priceOnce
	}
	return priceMore + priceNumberOf(int(repeats))
}

// priceNumberOf is the price of a number from 1 on: twice the bits that it has, but for
// one (Elias, "Universal codeword sets", 1975).
func priceNumberOf(n int) Bits { return Bits(2*bits.Len(uint(n))-1) * bit }

// priceOfOne is log2(n), rounded up, of n alike.
func priceOfOne(n int) Bits {
	if n < len(logs) {
		return logs[n]
	}
	return logOf(n)
}

var logs = func() (t [most + 1]Bits) {
	for n := 2; n <= most; n++ {
		t[n] = logOf(n)
	}
	return t
}()

func logOf(n int) Bits { return Bits(math.Ceil(math.Log2(float64(n)) * float64(bit))) }

// held says which labels of a name are held, the first being the one nearest to the
// SLD, and how many labels are.
type held struct {
	labels [2]uint64 // a bit each: no name has more than 127
	count  int
}

func (h *held) set(i int)      { h.labels[i/64&1] |= 1 << (i % 64) }
func (h *held) has(i int) bool { return h.labels[i/64&1]>>(i%64)&1 != 0 }

// prefix prices a prefix, label by label from the SLD outwards, each by what is
// cheapest, and its end.
func (c *Code) prefix(prefix []byte, h *held) (price Bits) {
	labels := 0
	if c.Domains != nil && len(prefix) > 0 {
		if start, count, ok := c.Domains.Popular(prefix); ok {
			domain := priceDomain + priceOfOne(count)
			spelled, n := c.labels(prefix[start:], h, 0)
			if domain < spelled {
				price, prefix, labels = domain, prefix[:max(start-1, 0)], n
			}
		}
	}
	rest, _ := c.labels(prefix, h, labels)
	return price + rest + priceEnd
}

// labels prices the labels of a name, of which the last is the first of those held,
// and counts on.
func (c *Code) labels(name []byte, h *held, first int) (price Bits, next int) {
	for next = first; len(name) > 0; {
		var one Bits
		start := addressStart(name)
		if start < 0 {
			one, start = c.label(name, h, next)
			next++
		} else {
			one = c.address(name[start:], h, next)
			next += 4
		}
		price, name = price+one, name[:max(start-1, 0)]
	}
	return price, next
}

// address prices four labels that are an address.
func (c *Code) address(name []byte, h *held, first int) (price Bits) {
	for i := range 4 {
		one, start := c.label(name, h, first+i)
		price, name = price+one, name[:max(start-1, 0)]
	}
	return min(price, priceAddress+priceNumber)
}

// label prices the last label of a name, the i-th from the SLD, by the cheapest of its
// descriptions, and says where it begins.
func (c *Code) label(name []byte, h *held, i int) (price Bits, start int) {
	start = bytes.LastIndexByte(name, '.') + 1
	label := name[start:]
	price = c.raw(label)
	if c.Spell != nil {
		if cost, ok := c.Spell.Label(label); ok {
			price = min(price, priceSpelled+Bits(cost))
		}
	}
	if h.has(i) {
		price = min(price, priceHeld+priceOfOne(h.count))
	}
	return price, start
}

// raw prices a label byte by byte.
func (c *Code) raw(label []byte) Bits {
	price := priceRaw + priceLength + Bits(len(label))*priceUsual
	for _, b := range label {
		if !usual[b] {
			price += priceByte
		}
	}
	return price
}

// usual are the characters of host names and of services.
var usual = func() (t [256]bool) {
	for _, c := range "abcdefghijklmnopqrstuvwxyz0123456789-_" {
		t[c] = true
	}
	return t
}()

// addressStart is where the last four labels begin if they are octets, else -1.
func addressStart(name []byte) int {
	at := len(name)
	for range 4 {
		if at <= 0 {
			return -1
		}
		end := at
		if at != len(name) {
			end = at - 1
		}
		start := bytes.LastIndexByte(name[:end], '.') + 1
		if !split.IsOctet(name[start:end]) {
			return -1
		}
		at = start
	}
	return at
}
