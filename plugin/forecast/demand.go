package forecast

import (
	"github.com/notunnel/notunnel/plugin/meter"
)

// leastBudget is the tightest budget that is proposed.
const leastBudget = 1 << 10

// mostDemands is how many pairs, and clients, are kept. What comes then counts without a
// name.
const mostDemands = 1 << 12

// demand is what pairs and clients would need of a budget.
type demand struct {
	pairs   map[uint64]*meter.Peak
	rest    map[uint8]*meter.Peak // by factor, of those that there was no room for
	clients map[uint64]*total
	others  meter.Bits // the most of a client that there was no room for
}

// total is what a client sent to all unknown domains.
type total struct {
	client string
	up     meter.Bits
}

func newDemand() demand {
	return demand{pairs: map[uint64]*meter.Peak{}, rest: map[uint8]*meter.Peak{}, clients: map[uint64]*total{}}
}

// notable reports whether the least budget would have something to say to it.
func notable(now *meter.Passed) bool {
	least := meter.FromBytes(leastBudget).Times(now.Factor)
	return now.Up > least/2 || now.Down >= least
}

func (d *demand) take(now *meter.Passed) {
	if now.Factor == 0 {
		t := d.clients[now.Account]
		switch {
		case t != nil:
			t.up = max(t.up, now.Up)
		case len(d.clients) < mostDemands:
			d.clients[now.Account] = &total{client: now.Client.String(), up: now.Up}
		default:
			d.others = max(d.others, now.Up)
		}
		return
	}
	peak := d.pairs[now.Account]
	switch {
	case peak != nil:
	case len(d.pairs) < mostDemands:
		peak = &meter.Peak{}
		d.pairs[now.Account] = peak
	default:
		if peak = d.rest[now.Factor]; peak == nil {
			peak = &meter.Peak{}
			d.rest[now.Factor] = peak
		}
		peak.Take(now)
		peak.Domain, peak.Client = "", ""
		return
	}
	peak.Take(now)
}

// peaks are those that are not left out.
func (d *demand) peaks(domain, client func(string) bool) *meter.Peaks {
	p := meter.NewPeaks()
	for account, peak := range d.pairs {
		if !domain(peak.Domain) && !client(peak.Client) {
			p.Pairs[account] = peak
		}
	}
	for factor, peak := range d.rest {
		p.Pairs[uint64(factor)] = peak
	}
	p.Clients[0] = d.others
	for account, t := range d.clients {
		if !client(t.client) {
			p.Clients[account] = t.up
		}
	}
	return p
}
