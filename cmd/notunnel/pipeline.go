package main

import (
	"errors"
	"sync/atomic"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/cmd/notunnel/capture"
)

// batchSize is how many events go to the visitor at a time, and batches how many
// such wait for it.
const (
	batchSize = 512
	batches   = 4
)

// pipeline is a visitor that lets another one work beside the reader: decoding
// and judging take about as long. It is used by one goroutine.
type pipeline struct {
	batch   []event
	full    chan []event
	ended   chan error
	failed  atomic.Bool // the other one: nothing more need be read
	queries int
}

// event is a query, or the reply to one.
type event struct {
	query *capture.Query
	reply *dns.Msg // nil of the query itself
}

// newPipeline starts v's work, which finish ends.
func newPipeline(v capture.Visitor) *pipeline {
	p := &pipeline{full: make(chan []event, batches), ended: make(chan error, 1)}
	go func() {
		var err error
		for batch := range p.full {
			for _, e := range batch {
				if err != nil {
					break
				}
				if e.reply == nil {
					err = v.Query(e.query)
				} else {
					err = v.Reply(e.query, e.reply)
				}
			}
			if err != nil {
				p.failed.Store(true)
			}
		}
		p.ended <- err
	}()
	return p
}

// Query implements capture.Visitor.
func (p *pipeline) Query(q *capture.Query) error {
	p.queries++
	return p.put(event{query: q})
}

// Reply implements capture.Visitor.
func (p *pipeline) Reply(q *capture.Query, m *dns.Msg) error {
	return p.put(event{query: q, reply: m})
}

// errStopped ends the reading: finish returns why.
var errStopped = errors.New("what was read could not be judged")

func (p *pipeline) put(e event) error {
	if p.batch = append(p.batch, e); len(p.batch) < batchSize {
		return nil
	}
	p.full <- p.batch
	p.batch = make([]event, 0, batchSize)
	if p.failed.Load() {
		return errStopped
	}
	return nil
}

// finish waits until all is judged, and returns the visitor's error.
func (p *pipeline) finish() error {
	p.full <- p.batch
	close(p.full)
	return <-p.ended
}
