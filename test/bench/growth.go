package main

import (
	"fmt"
	"net/netip"
	"runtime"
	"strconv"
	"time"
	"unsafe"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/plugin/detect"
)

// crowd makes synthetic queries of the engine: a name under a domain, both by
// number, from a client by number. Names are written into one buffer, so that
// making them costs next to nothing.
type crowd struct {
	engine *detect.Engine
	said   detect.Decision
	buf    []byte
	at     time.Time
}

func newCrowd(capacity int) (*crowd, error) {
	e, err := newEngine(capacity)
	return &crowd{engine: e, at: time.Unix(1_800_000_000, 0)}, err
}

// ask asks for host-NAME.siteDOMAIN.com.
func (c *crowd) ask(client, domain, name int) {
	c.buf = strconv.AppendInt(append(c.buf[:0], "host-"...), int64(name), 10)
	c.buf = strconv.AppendInt(append(c.buf, ".site"...), int64(domain), 10)
	c.buf = append(c.buf, ".com."...)
	c.engine.Query(detect.Query{
		Name: unsafe.String(unsafe.SliceData(c.buf), len(c.buf)), Type: dns.TypeA, At: c.at,
		Client: netip.AddrFrom4([4]byte{10, byte(client >> 16), byte(client >> 8), byte(client)}),
	}, &c.said)
}

const growthQueries = 400_000

// stride walks through any range in an order without locality.
const stride = 7_368_787 // a prime

// growth measures one engine as each thing that an attacker or a large network
// can multiply grows.
func growth(r *report) error {
	r.section("Growth")
	r.text("The engine alone, queries for synthetic names in an order without locality, %d a line. CPU in ns a query.", growthQueries)

	var rows [][]string
	for _, windows := range []int{1_000, 10_000, 100_000, 1_000_000} {
		c, err := newCrowd(windows + windows/10)
		if err != nil {
			return err
		}
		fill := per(windows, func() {
			for i := range windows {
				c.ask(1, i, 0)
			}
		})
		known := per(growthQueries, func() {
			for i := range growthQueries {
				c.ask(1, i*stride%windows, 0)
			}
		})
		count, _ := c.engine.Count()
		held := live()
		runtime.KeepAlive(c)
		c = nil
		held -= live()
		rows = append(rows, row(fmt.Sprint(windows), "%.0f", fill, known, held/float64(count)))
	}
	r.table([]string{"windows held", "a new one", "a known prefix", "bytes a window, models included"}, rows)

	rows = nil
	for _, clients := range []int{1, 100, 10_000, 100_000} {
		c, err := newCrowd(65536)
		if err != nil {
			return err
		}
		ask := func(i int) { c.ask(i%clients, i/clients, 0) }
		const pairs = 60_000
		for i := range max(pairs, clients) {
			ask(i)
		}
		rows = append(rows, row(fmt.Sprint(clients), "%.0f", per(growthQueries, func() {
			for i := range growthQueries {
				ask(i * stride % max(pairs, clients))
			}
		})))
	}
	r.text("Clients that ask for one name each below %d domains in all, or below one each; 65,536 windows:", 60_000)
	r.table([]string{"clients", "a query"}, rows)

	rows = nil
	for _, names := range []int{10, 1_000, 100_000, 10_000_000} {
		c, err := newCrowd(65536)
		if err != nil {
			return err
		}
		queries := max(growthQueries, names)
		rows = append(rows, row(fmt.Sprint(names), "%.0f", per(queries, func() {
			for i := range queries {
				c.at = c.at.Add(100 * time.Microsecond)
				name := i * stride % names
				c.ask(1, name%1000, name)
			}
		})))
	}
	r.text("Names below 1,000 domains, asked by one client at 10,000 a second:")
	r.table([]string{"names", "a query"}, rows)

	c, err := newCrowd(65536)
	if err != nil {
		return err
	}
	rows = nil
	const flood, steps = 1_000_000, 5
	for step := range steps {
		cost := per(flood/steps, func() {
			for i := range flood / steps {
				c.ask(1, step*flood/steps+i, i)
			}
		})
		windows, evicted := c.engine.Count()
		rows = append(rows, row(fmt.Sprintf("to %d", (step+1)*flood/steps), "%.0f", cost, float64(windows), float64(evicted)))
	}
	r.text("A flood of %d new domains at 65,536 windows, every prefix new:", flood)
	r.table([]string{"domains", "a query", "windows", "evicted"}, rows)
	return nil
}
