package main

import (
	"io"
	"strconv"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/cmd/notunnel/capture"
	"github.com/notunnel/notunnel/model"
	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/joint"
	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/standing"
	"github.com/notunnel/notunnel/plugin/subject"
)

// A client has a row where its events have grown by a sixth since the last one.
const (
	firstJoint  = 4 // events
	jointGrowth = 7. / 6
	tunnelSLDs  = 2 // in a joint window that is one of a tunnel
)

// jointColumns go before the features. tunnels counts the SLDs of tunnels that the
// window rests on, and up and down are the bytes of information that they have carried
// in all.
var jointColumns = []string{"label", "tool", "source", "file", "session", "composed", "tunnels", "slds", "events", "information", "up", "down"}

// jointWriter is a rowWriter that writes the joint windows of clients instead.
type jointWriter struct {
	*rowWriter
	clients map[clientKey]*jointClient
}

// clientKey is a client of a file.
type clientKey struct {
	file   string
	client subject.Client
}

// jointClient is a client so far.
type jointClient struct {
	number   int
	kind     kind            // of its tunnels, or of its last query without one
	tunnels  map[string]bool // SLDs
	events   int
	next     float64 // events at which the next row is due
	up, down meter.Bits
}

func newJointWriter(out io.Writer, models *model.Models, sources []source) (*jointWriter, error) {
	w, err := newRowWriter(out, models, sources, jointColumns, feature.JointNames[:])
	w.standing = standing.Shipped()
	return &jointWriter{rowWriter: w, clients: map[clientKey]*jointClient{}}, err
}

// Query implements capture.Visitor.
func (w *jointWriter) Query(q *capture.Query) error {
	key, k, ok := w.observe(q)
	if !ok {
		return nil
	}
	c := w.clients[clientKey{w.file, key.client}]
	if c == nil {
		w.sessions++
		c = &jointClient{number: w.sessions, tunnels: map[string]bool{}}
		w.clients[clientKey{w.file, key.client}] = c
	}
	if k.tunnel {
		c.tunnels[key.sld] = true
		c.up += w.decision.Price
		q.Data = jointAsked{w.decision.Ticket, c}
	}
	if k.tunnel || !c.kind.tunnel {
		c.kind = k
	}
	sum, ok := w.engine.Joint(&w.decision)
	if !ok {
		return nil
	}
	if c.events++; sum.Events < firstJoint || float64(c.events) < c.next {
		return nil
	}
	c.next = float64(c.events) * jointGrowth
	return w.row(c, sum)
}

// jointAsked is a query of a tunnel that waits for its reply.
type jointAsked struct {
	ticket detect.Ticket
	client *jointClient
}

// Reply implements capture.Visitor.
func (w *jointWriter) Reply(q *capture.Query, m *dns.Msg) error {
	if a, ok := q.Data.(jointAsked); ok {
		price, _ := w.engine.Reply(a.ticket, m, w.clock.now)
		a.client.down += price
		return nil
	}
	return w.rowWriter.Reply(q, m)
}

func (w *jointWriter) row(c *jointClient, sum *joint.Summary) error {
	tunnels := 0
	for i := range sum.Parts[:sum.SLDs] {
		if c.tunnels[string(sum.Parts[i].SLD())] {
			tunnels++
		}
	}
	row := []string{bit(tunnels >= tunnelSLDs), c.kind.tool, w.source.origin, w.file, strconv.Itoa(c.number), bit(c.kind.composed),
		strconv.Itoa(tunnels), strconv.Itoa(sum.SLDs), strconv.Itoa(sum.Events), strconv.Itoa(sum.Information()),
		strconv.FormatUint(c.up.Bytes(), 10), strconv.FormatUint(c.down.Bytes(), 10)}
	for _, v := range sum.Vector() {
		row = append(row, strconv.FormatFloat(float64(v), 'g', -1, 32))
	}
	w.rows++
	return w.out.Write(row)
}
