package meter

import (
	"math"

	"github.com/notunnel/notunnel/plugin/subject"
)

// Passed is what had passed of an account in the last 24 hours when it was charged,
// that charge included.
type Passed struct {
	Account  uint64
	Domain   []byte          // of a pair, with a query
	Client   *subject.Client // nil with a reply
	Factor   uint8           // of a pair: by which its limits are multiplied; 0 for a client
	Kind     Kind            // of a query
	Up, Down Bits
}

// Peak is the most that passed of a pair in any 24 hours.
type Peak struct {
	Domain, Client string
	Factor         uint8
	Up             Bits
	New            Bits // Up right after a new name, which half of the limit has to hold
	Down           Bits
}

// Peaks are those of all pairs, and of all clients over unknown domains. A meter
// without limits fills them in (Config.Watch); under limits they tell what passed, not
// what would have. Not safe for concurrent use.
type Peaks struct {
	Pairs   map[uint64]*Peak
	Clients map[uint64]Bits // beyond Free for each domain
}

// NewPeaks has none.
func NewPeaks() *Peaks { return &Peaks{Pairs: map[uint64]*Peak{}, Clients: map[uint64]Bits{}} }

// Watch takes in what a meter says (Config.Watch).
func (p *Peaks) Watch(now Passed) {
	if now.Factor == 0 {
		p.Clients[now.Account] = max(p.Clients[now.Account], now.Up)
		return
	}
	peak := p.Pairs[now.Account]
	if peak == nil {
		peak = &Peak{}
		p.Pairs[now.Account] = peak
	}
	peak.Take(&now)
}

// Take takes in what a meter says of the pair.
func (p *Peak) Take(now *Passed) {
	if p.Domain == "" && len(now.Domain) > 0 {
		p.Domain, p.Client = string(now.Domain), now.Client.String()
	}
	p.Factor = now.Factor
	p.Up, p.Down = max(p.Up, now.Up), max(p.Down, now.Down)
	if now.Kind == Fresh {
		p.New = max(p.New, now.Up)
	}
}

// Over reports whether limits would have refused something of the pair, that of
// clients aside. Until the first refusal of any pair everything goes as it did without
// limits, so whether anything is refused at all is exact but for one case: a pair that
// brings in Down to the last bit counts, since its next query is refused. Later, names
// that were refused leave other pairs' names room to be remembered, so that a pair near
// a limit can go either way.
func (p *Peak) Over(l Limits) bool { return p.overUp(l.Up) || p.overDown(l.Down) }

func (p *Peak) overUp(limit Bits) bool {
	limit = times(limit, p.Factor)
	return limit > 0 && (p.Up > limit || p.New > limit/2)
}

func (p *Peak) overDown(limit Bits) bool {
	limit = times(limit, p.Factor)
	return limit > 0 && p.Down >= limit
}

// Over counts the pairs and the clients that limits would have refused something.
// What a pair is refused no client's sum holds, so that with both kinds of limits in
// force there may be fewer clients.
func (p *Peaks) Over(l Limits) (pairs, clients int) {
	for _, peak := range p.Pairs {
		if peak.Over(l) {
			pairs++
		}
	}
	for _, up := range p.Clients {
		if l.Client > 0 && up > l.Client {
			clients++
		}
	}
	return pairs, clients
}

// Tightest are the limits that would have refused nobody, each the least power of two
// from 1 KiB on; 0, no limit, where the largest that can be said is too small.
func (p *Peaks) Tightest() Limits {
	return Limits{
		Up:     least(func(limit Bits) bool { return some(p.Pairs, func(peak *Peak) bool { return peak.overUp(limit) }) }),
		Down:   least(func(limit Bits) bool { return some(p.Pairs, func(peak *Peak) bool { return peak.overDown(limit) }) }),
		Client: least(func(limit Bits) bool { return some(p.Clients, func(up Bits) bool { return up > limit }) }),
	}
}

// least is the smallest readable limit that refuses nothing.
func least(refuses func(Bits) bool) Bits {
	for n := uint64(1 << 10); n <= mostLimit; n *= 2 {
		if limit := FromBytes(n); limit < math.MaxUint32 && !refuses(limit) {
			return limit
		}
	}
	return 0
}

func some[K comparable, V interface{ *Peak | Bits }](of map[K]V, is func(V) bool) bool {
	for _, v := range of {
		if is(v) {
			return true
		}
	}
	return false
}
