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
	j, why := n.judge(ctx, w, r)
	if j.block {
		// The reply is written here; any other code than success would make
		// the server write a second one.
		return dns.RcodeSuccess, w.WriteMsg(blocked(r, n.refuse, why))
	}
	if j.ticket.Valid() || j.lower {
		w = &learner{w, n, j, r}
	}
	query := r
	if j.lower {
		query = lowered(r)
	}
	rcode, err := plugin.NextOrFailure(n.Name(), n.Next, ctx, w, query)
	if j.ticket.Valid() && !plugin.ClientWrite(rcode) {
		n.learnCode(&j, rcode)
	}
	return rcode, err
}

// judgement is what is to be done with a query.
type judgement struct {
	ticket detect.Ticket // where the reply is to be learned
	block  bool          // there will be no reply but ours
	lower  bool          // the name goes on in lower case
	series *series       // counts it
	at     *time.Time
}

// judge decides on a query and tells everyone. why says it to the client of a query that is
// blocked, if that can be told.
func (n *Notunnel) judge(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (j judgement, why string) {
	zone := n.zone(r)
	if zone == "" {
		return j, why
	}
	if n.shared.passesAll() {
		n.counters.of(labels{metrics.WithServer(ctx), zone, n.view}).paused.Inc()
		return j, why
	}
	room := rooms.Get().(*room)
	defer rooms.Put(room)
	d, at := &room.Decision, current.Load()
	series, ok := n.decide(ctx, w, r, zone, room, at)
	if !ok {
		return j, why
	}
	series.count(d)
	n.shared.note(d, n.monitor)
	if n.published && metadata.ValueFuncs(ctx) != nil {
		publish(ctx, d)
	}
	j = judgement{
		at:     at,
		ticket: d.Ticket,
		block:  d.Verdict == verdict.Block && !n.monitor,
		lower:  n.unspelled(r, d),
		series: series,
	}
	if j.block && r.IsEdns0() != nil {
		why = whyBlocked(d.Ground, d.Scope, d.Cited.ID)
	}
	return j, why
}

// room is what deciding takes.
type room struct {
	detect.Decision
	query detect.Query
	mac   [macSize]byte
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

// decide asks the engine, and returns what counts that. A fault in it is counted and lets
// the query pass.
func (n *Notunnel) decide(ctx context.Context, w dns.ResponseWriter, r *dns.Msg, zone string, room *room, at *time.Time) (s *series, ok bool) {
	defer queryFaults.caught()
	n.read(w, r, room, at)
	e := n.shared.engine()
	e.Begin(&room.query, &room.Decision)
	s = n.counters.of(labels{metrics.WithServer(ctx), zone, n.view}) // while the engine waits for memory
	e.Decide(&room.query, &room.Decision)
	return s, true
}

// read makes the query one as the engine sees it, and counts how it was found out who asks.
func (n *Notunnel) read(w dns.ResponseWriter, r *dns.Msg, room *room, at *time.Time) {
	q := &room.query
	q.Name, q.Type, q.Client, q.At = r.Question[0].Name, r.Question[0].Qtype, clientOf(w), *at
	q.ID.Kind = subject.NoID
	if len(n.clientIDs) > 0 {
		if read := n.clientIDs.identify(r, q, &room.mac); read != nil {
			read.Inc()
		}
	}
}

// learn hands a reply to the engine. It returns false if the reply is to be
// withheld. The moment of the query will do: a reply is never long in coming.
func (n *Notunnel) learn(j *judgement, m *dns.Msg) (ok bool) {
	ok = true
	defer replyFaults.caught()
	_, ok = n.shared.engine().Reply(j.ticket, m, *j.at)
	return ok
}

// observe shows a query and its reply to who forecasts. A fault in that does nobody any harm.
func (n *Notunnel) observe(l *learner, m *dns.Msg) {
	defer replyFaults.caught()
	room := rooms.Get().(*room)
	defer rooms.Put(room)
	e, d := n.shared.engine(), &room.Decision
	n.read(l.ResponseWriter, l.query, room, l.at)
	e.Identify(room.query, d)
	if d.Why == detect.Judged || d.Why == detect.Reverse {
		n.shared.observer.Exchange(e, &d.Subject, room.query.Type, m, room.query.At)
	}
}

// learnCode hands over a reply that the server will write, past the learner. The
// message in it must not lie on the stack of ServeDNS.
//
//go:noinline
func (n *Notunnel) learnCode(j *judgement, rcode int) {
	n.learn(j, &dns.Msg{MsgHdr: dns.MsgHdr{Rcode: rcode}})
}

// learner is a ResponseWriter that shows replies to the engine.
type learner struct {
	dns.ResponseWriter
	n *Notunnel
	judgement
	query *dns.Msg
}

// WriteMsg implements the dns.ResponseWriter interface. A reply that is one too many
// gives way to that of a blocked query.
func (l *learner) WriteMsg(m *dns.Msg) error {
	if o := l.n.shared.observer; o != nil && o.Samples(l.query.Question[0].Name) {
		l.n.observe(l, m)
	}
	if !l.n.learn(&l.judgement, m) {
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
