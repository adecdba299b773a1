package main

import (
	"fmt"
	"runtime"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/standing"
)

const memoryFlags = 1000

// memory measures what an engine holds when all its windows are full, with meters,
// standing and flags, models included. It comes first, while nothing else is in the heap.
func memory(r *report) error {
	r.section("Memory")
	t, err := newTrace(everyday, ".")
	if err != nil {
		return err
	}
	all := append(t.fill(fullPairs), t.next(400_000)...)
	mix := t.madeOf()
	replies := map[uint16]*dns.Msg{}
	before := live()
	e, err := newEngine(65536)
	if err != nil {
		return err
	}
	e.SetStanding(standing.Shipped())
	at := time.Unix(1_800_000_000, 0)
	var d detect.Decision
	for _, q := range all {
		m := replies[q.qtype]
		if m == nil {
			m = answer(new(dns.Msg).SetQuestion(q.name, q.qtype))
			replies[q.qtype] = m
		}
		e.Query(detect.Query{Name: q.name, Type: q.qtype, Client: address(q.client), At: at.Add(q.at)}, &d)
		e.Reply(d.Ticket, m, at.Add(q.at))
	}
	t.mix = mixOfTunnels
	for e.Flags().Len() < memoryFlags {
		q := t.one()
		e.Query(detect.Query{Name: q.name, Type: q.qtype, Client: address(q.client), At: at}, &d)
	}
	held := live() - before
	runtime.KeepAlive(all)
	runtime.KeepAlive(t)
	windows, evicted := e.Count()
	runtime.KeepAlive(e)
	r.text("%s. Then %d flags. %d windows are held, %d were evicted; live heap of the engine, models, meters, standing and flags included: **%.1f MiB**, %.0f bytes a window.",
		mix, e.Flags().Len(), windows, evicted, held/(1<<20), held/float64(windows))
	r.figure("live heap with 65,536 windows full, meters, standing and 1,000 flags, MiB", fmt.Sprintf("%.1f", held/(1<<20)), "45")
	return nil
}

// mixOfTunnels is nothing else.
var mixOfTunnels = mix{tunnel: 1}
