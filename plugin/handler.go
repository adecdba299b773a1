package notunnel

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/metadata"
	"github.com/coredns/coredns/plugin/metrics"
	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/split"
	"github.com/notunnel/notunnel/plugin/subject"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// Notunnel is the plugin in one server block.
type Notunnel struct {
	Next plugin.Handler

	zones     []string
	monitor   bool
	refuse    bool
	clientIDs clientIDs
	shared    *sharedEngine // set before queries come, like the next two
	view      string        // that the server block is for
	published bool          // somebody collects metadata
	ready     atomic.Bool   // the engine is there; may be asked for at any time
	counters  counters
}

// Name implements the plugin.Handler interface.
func (n *Notunnel) Name() string { return pluginName }

// ServeDNS implements the plugin.Handler interface: decide with the query
// included, answer or pass it on, learn from the reply on its way back.
//
// It keeps little on the stack while the next plugins run: each query has a
// goroutine of its own, and a stack that has to grow once more costs more than
// all that is done here.
func (n *Notunnel) ServeDNS(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	l := n.judge(ctx, w, r)
	if l == nil {
		return plugin.NextOrFailure(n.Name(), n.Next, ctx, w, r)
	}
	if l.block {
		// The reply is written here; any other code than success would make
		// the server write a second one.
		return dns.RcodeSuccess, w.WriteMsg(blocked(r, n.refuse, l.why))
	}
	if l.ticket.Valid() || l.lower {
		w = l
	}
	query := r
	if l.lower {
		query = lowered(r)
	}
	rcode, err := plugin.NextOrFailure(n.Name(), n.Next, ctx, w, query)
	if l.ticket.Valid() && !plugin.ClientWrite(rcode) {
		l.learnCode(rcode)
	}
	return rcode, err
}

// judge decides on a query and tells everyone. It returns nil for one that just passes.
func (n *Notunnel) judge(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) *learner {
	zone := n.zone(r)
	if zone == "" {
		return nil
	}
	reserve(false)
	if n.shared.passesAll() {
		n.counters.of(labels{metrics.WithServer(ctx), zone, n.view}).paused.Inc()
		return nil
	}
	room := rooms.Get().(*room)
	defer rooms.Put(room)
	series, l := n.decide(ctx, w, r, zone, room)
	if series == nil {
		return nil
	}
	d := &room.Decision
	series.count(d)
	n.shared.note(d, n.monitor)
	if n.published && metadata.ValueFuncs(ctx) != nil {
		publish(ctx, d)
	}
	if l == nil {
		return nil
	}
	l.ticket, l.lower = d.Ticket, n.unspelled(r, d)
	if d.Verdict == verdict.Block && !n.monitor {
		l.block = true
		if r.IsEdns0() != nil {
			l.why = whyBlocked(d.Ground, d.Scope, d.Cited.ID)
		}
	}
	return l
}

// deepest is what deciding takes of the stack at most, in bytes, with or without the kernels
// in assembler: a test holds it.
const deepest = 3584

// reserve has the stack grow now if deciding would have it grow. Each query has a goroutine
// of its own, whose stack begins small; when it grows, every frame on it is looked up and
// copied, and with those of deciding there are half as many again: that took more time than
// deciding does. What is never done makes the frame as large as it is.
//
//go:noinline
func reserve(never bool) {
	if never {
		var stack [deepest]byte
		use(&stack)
	}
}

//go:noinline
func use(*[deepest]byte) {}

// room is what deciding takes.
type room struct {
	detect.Decision
	query    detect.Query
	mac      [macSize]byte
	learners []learner // that nobody has had
}

// learnersAtOnce is how many are allocated together, which takes a quarter of the time. One
// that waits for its reply, and a room that rests, keep those beside it from the collector,
// and the queries that these were for: more would keep too many.
const learnersAtOnce = 8

// learner is one that nobody has had or will have: who comes behind may keep it.
func (r *room) learner() *learner {
	if len(r.learners) == 0 {
		r.learners = make([]learner, learnersAtOnce)
	}
	l := &r.learners[0]
	r.learners = r.learners[1:]
	return l
}

// rooms are there to be used again: one is too large for the stack of every query.
var rooms = sync.Pool{New: func() any { return new(room) }}

// zone is the configured zone that the query falls in, "" if it is none of
// ours. The opcode does not matter: forward sends a NOTIFY on like any query,
// name and all.
func (n *Notunnel) zone(r *dns.Msg) string {
	if len(r.Question) == 0 {
		return ""
	}
	if len(n.zones) == 1 && n.zones[0] == "." {
		return "."
	}
	return plugin.Zones(n.zones).Matches(strings.ToLower(r.Question[0].Name))
}

// decide asks the engine, and returns what counts that and what learns from the reply, nil
// if the query is never judged nor metered. What else a query takes is done between the
// engine's steps, while what they need comes from memory. A fault in it is counted and lets
// the query pass: then both are nil.
func (n *Notunnel) decide(ctx context.Context, w dns.ResponseWriter, r *dns.Msg, zone string, room *room) (*series, *learner) {
	defer queryFaults.caught()
	at := current.Load()
	if known := n.read(w, r, room, at); known != nil {
		known.Inc()
	}
	e, q, d := n.shared.engine(), &room.query, &room.Decision
	e.Begin(q, d)
	s := n.counters.of(labels{metrics.WithServer(ctx), zone, n.view})
	if !e.Know(q, d) {
		return s, nil
	}
	l := room.learner()
	l.ResponseWriter, l.n, l.query, l.series, l.at = w, n, r, s, at
	e.Decide(q, d)
	return s, l
}

// read makes the query one as the engine sees it, and returns what counts how it was found
// out who asks, nil if nothing does.
func (n *Notunnel) read(w dns.ResponseWriter, r *dns.Msg, room *room, at *time.Time) prometheus.Counter {
	q := &room.query
	q.Name, q.Type, q.Client, q.At = r.Question[0].Name, r.Question[0].Qtype, clientOf(w), *at
	q.ID.Kind = subject.NoID
	if len(n.clientIDs) == 0 {
		return nil
	}
	return n.clientIDs.identify(r, q, &room.mac)
}

// learn hands a reply to the engine. It returns false if the reply is to be
// withheld. The moment of the query will do: a reply is never long in coming.
func (l *learner) learn(m *dns.Msg) (ok bool) {
	ok = true
	defer replyFaults.caught()
	_, ok = l.n.shared.engine().Reply(l.ticket, m, *l.at)
	return ok
}

// observe shows a query and its reply to who forecasts. A fault in that does nobody any harm.
func (l *learner) observe(m *dns.Msg) {
	defer replyFaults.caught()
	room := rooms.Get().(*room)
	defer rooms.Put(room)
	e, d := l.n.shared.engine(), &room.Decision
	l.n.read(l.ResponseWriter, l.query, room, l.at)
	e.Identify(room.query, d)
	if d.Why == detect.Judged || d.Why == detect.Reverse {
		l.n.shared.observer.Exchange(e, &d.Subject, room.query.Type, m, room.query.At)
	}
}

// learnCode hands over a reply that the server will write, past the learner. The
// message in it must not lie on the stack of ServeDNS.
//
//go:noinline
func (l *learner) learnCode(rcode int) {
	l.learn(&dns.Msg{MsgHdr: dns.MsgHdr{Rcode: rcode}})
}

// learner is what was decided on a query, and a ResponseWriter that shows the reply to the
// engine.
type learner struct {
	dns.ResponseWriter
	n      *Notunnel
	query  *dns.Msg
	series *series // counts it
	at     *time.Time
	ticket detect.Ticket // where the reply is to be learned
	block  bool          // there will be no reply but ours
	lower  bool          // the name goes on in lower case
	why    string        // what a blocked client is told, if it can be told something
}

// WriteMsg implements the dns.ResponseWriter interface. A reply that is one too many
// gives way to that of a blocked query.
func (l *learner) WriteMsg(m *dns.Msg) error {
	if o := l.n.shared.observer; o != nil && o.Samples(l.query.Question[0].Name) {
		l.observe(m)
	}
	if !l.learn(m) {
		l.series.blocks[verdict.Budget].Inc()
		if !l.n.monitor {
			return l.ResponseWriter.WriteMsg(blocked(l.query, l.n.refuse, whyWithheld(l.query)))
		}
	}
	if l.lower {
		m = respelled(m, l.query)
	}
	return l.ResponseWriter.WriteMsg(m)
}

// clientOf is the address that the query came from, without going through
// text.
func clientOf(w dns.ResponseWriter) netip.Addr {
	switch addr := w.RemoteAddr().(type) {
	case *net.UDPAddr:
		return addr.AddrPort().Addr()
	case *net.TCPAddr:
		return addr.AddrPort().Addr()
	case nil:
		return netip.Addr{}
	default:
		host, _ := netip.ParseAddrPort(addr.String())
		return host.Addr()
	}
}

// publish sets the metadata of the query.
func publish(ctx context.Context, d *detect.Decision) {
	score, id := "", ""
	if d.Scored {
		score = strconv.FormatFloat(d.Score, 'f', 3, 64)
	}
	if d.Cited.ID != 0 {
		id = flags.IDText(d.Cited.ID)
	}
	for label, value := range map[string]string{
		"verdict": d.Verdict.String(), "score": score, "ground": d.Ground.String(), "sld": split.Text(d.SLD()), "id": id,
	} {
		metadata.SetValueFunc(ctx, pluginName+"/"+label, func() string { return value })
	}
	reasons := d.Cited.Reasons // the decision is somebody else's when this is asked for
	metadata.SetValueFunc(ctx, pluginName+"/reason", func() string { return flags.Line(reasons) })
}
