package networks

import (
	"math/rand/v2"
	"time"
)

// network is one in the making: who asks for what, in any order.
type network struct {
	names   *Names
	r       *rand.Rand
	days    int
	clients int32
	caches  []bool // of each client
	lookups []lookup

	unlogged bool // replies are left out of the log
}

// lookup is a name that a program wants. It becomes a query unless the client has the
// reply in its cache.
type lookup struct {
	at     time.Duration // since the log begins
	client int32
	qtype  uint16
	lost   bool // the reply does not arrive
	name   string
	says   answer
}

// client is one address of the network.
type client struct {
	n     *network
	r     *rand.Rand
	id    int32
	types []uint16 // that its programs ask for together
}

// client is a new one. It has a cache, as systems for desks have it and servers mostly
// have not.
func (n *network) client() *client {
	c := &client{n: n, r: rand.New(rand.NewPCG(n.r.Uint64(), n.r.Uint64())), id: n.clients, types: []uint16{tA, tAAAA}}
	n.clients++
	n.caches = append(n.caches, true)
	return c
}

// server is a new client without a cache.
func (n *network) server() *client {
	c := n.client()
	n.caches[c.id] = false
	return c
}

// lossRate is how many queries get no reply and are sent again.
const lossRate = 0.003

// ask looks a name up, once for each type.
func (c *client) ask(at time.Duration, says answer, name string, types ...uint16) {
	for i, qtype := range types {
		l := lookup{at: at + time.Duration(i)*150*time.Microsecond, client: c.id, qtype: qtype, name: name, says: says}
		if c.r.Float64() < lossRate {
			again := l
			again.at += time.Second
			l.lost = true
			c.n.lookups = append(c.n.lookups, again)
		}
		c.n.lookups = append(c.n.lookups, l)
	}
}

// host looks a host up by all types that the client's programs ask for.
func (c *client) host(at time.Duration, name string) { c.ask(at, ordinary, name, c.types...) }

// served is host for a service behind a wildcard.
func (c *client) served(at time.Duration, name string) { c.ask(at, balanced, name, c.types...) }

// day is what share of what happens falls in each hour.
type day [24]float64

var (
	workday = day{.2, .1, .1, .1, .1, .2, 1, 4, 9, 10, 10, 9, 7, 9, 10, 9, 8, 6, 3, 1.5, 1, .8, .5, .3}
	always  = day{3, 2.5, 2.5, 2.5, 2.5, 3, 3.5, 4.5, 5.5, 6, 6, 6, 5.5, 5.5, 5.5, 5.5, 5, 5, 4.5, 4, 4, 4, 3.5, 3}
	evening = day{4, 2, 1, .5, .5, .5, 1, 2, 2, 2, 2, 2.5, 3, 3, 3, 3.5, 5, 7, 9, 10, 10, 9, 8, 6}
)

// often does something so many times a day on average.
func (c *client) often(perDay float64, over *day, do func(at time.Duration)) {
	sum := 0.
	for _, share := range over {
		sum += share
	}
	for hour := range 24 * c.n.days {
		rate := perDay * over[hour%24] / sum
		for left := c.r.ExpFloat64(); left < rate; left += c.r.ExpFloat64() {
			do(time.Duration(hour)*time.Hour + c.within(time.Hour))
		}
	}
}

// every does something at even intervals, as timers go off: a little late each time.
func (c *client) every(period time.Duration, do func(at time.Duration)) {
	for at := c.within(period); at < c.end(); at += period + c.within(period/200+time.Millisecond) {
		do(at)
	}
}

// scheduled does something at its own moment of each period, as monitoring spreads its
// checks: Zabbix by the number of the item or its host modulo the period
// (calculate_item_nextcheck), Prometheus by the hash of the target (Target.offset),
// Icinga 2 by an offset drawn once (Checkable::UpdateNextCheck). What is late once does
// not move what comes after; how late is up to the load.
func (c *client) scheduled(period time.Duration, do func(at time.Duration)) {
	for at := c.within(period); at < c.end(); at += period {
		do(at + c.within(20*time.Millisecond))
	}
}

// daily does something once a day at about that hour.
func (c *client) daily(hour int, do func(at time.Duration)) {
	for d := range c.n.days {
		do(time.Duration(24*d+hour)*time.Hour + c.within(10*time.Minute))
	}
}

func (c *client) within(d time.Duration) time.Duration { return time.Duration(c.r.Int64N(int64(d))) }
func (c *client) end() time.Duration                   { return time.Duration(c.n.days) * 24 * time.Hour }

// zipf draws one of n, low numbers more often: half of the draws fall on the first
// square root of n.
func (c *client) zipf(n int) int {
	low := 1.
	for range 2 {
		low *= c.r.Float64()
	}
	return min(int(low*float64(n)), n-1)
}

// office is a workstation at which somebody looks at so many pages a day.
func (c *client) office(pages float64) {
	if c.r.IntN(2) == 0 {
		c.types = []uint16{tA, tAAAA, tHTTPS}
	}
	favourites := several(40, func() string { return c.n.names.host(c.r) })
	c.often(pages, &workday, func(at time.Duration) {
		for range 1 + c.r.IntN(6) { // a page and what it loads from elsewhere
			host := favourites[c.zipf(len(favourites))]
			if c.r.IntN(4) == 0 {
				host = c.n.names.host(c.r)
			}
			c.host(at, host)
			at += c.within(400 * time.Millisecond)
		}
	})
}
