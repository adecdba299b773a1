package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"
	clog "github.com/coredns/coredns/plugin/pkg/log"
	"github.com/miekg/dns"

	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/cache"

	_ "github.com/notunnel/notunnel/plugin"
	"github.com/notunnel/notunnel/test/lab"
)

// Two plugins of our own stand around those that are measured: tap before them,
// which hands out the chain behind it, and stub after them, which answers. A third, hop,
// is what a plugin costs that does nothing.
func init() {
	dnsserver.Directives = []string{"bind", "tap", "hop", "notunnel", "cache", "stub"}
	dnsserver.Quiet, caddy.Quiet = true, true
	clog.Discard() // the tunnels of the trace are flagged in each round
	plugin.Register("tap", func(c *caddy.Controller) error {
		dnsserver.GetConfig(c).AddPlugin(func(next plugin.Handler) plugin.Handler {
			return &tap{Handler: next, asked: asked}
		})
		return nil
	})
	plugin.Register("hop", func(c *caddy.Controller) error {
		dnsserver.GetConfig(c).AddPlugin(func(next plugin.Handler) plugin.Handler { return hop{next} })
		return nil
	})
	plugin.Register("stub", func(c *caddy.Controller) error {
		dnsserver.GetConfig(c).AddPlugin(func(plugin.Handler) plugin.Handler { return stub{} })
		return nil
	})
}

// tap passes queries on and tells of the chain and the context they had.
type tap struct {
	plugin.Handler
	asked chan chain
}

var asked = make(chan chain, 1)

// ServeDNS implements the plugin.Handler interface.
func (t *tap) ServeDNS(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	t.asked <- chain{handler: t.Handler, ctx: ctx}
	return t.Handler.ServeDNS(ctx, w, r)
}

// hop passes queries on.
type hop struct{ next plugin.Handler }

// Name implements the plugin.Handler interface.
func (hop) Name() string { return "hop" }

// ServeDNS implements the plugin.Handler interface.
func (h hop) ServeDNS(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	return plugin.NextOrFailure(h.Name(), h.next, ctx, w, r)
}

// chain is what a server does with a query once it has been read.
type chain struct {
	handler  plugin.Handler
	ctx      context.Context
	instance *caddy.Instance
}

// startChain starts a CoreDNS in this process, asks it once, and returns its
// chain: the line of what is measured, if any, then a cache, then the stub.
func startChain(line string) (chain, error) {
	port, err := lab.FreePort()
	if err != nil {
		return chain{}, err
	}
	corefile := fmt.Sprintf(".:%s {\n bind 127.0.0.1\n tap\n %s\n cache 3600\n stub\n}\n", port, line)
	instance, err := caddy.Start(caddy.CaddyfileInput{Contents: []byte(corefile), Filepath: "Corefile", ServerTypeName: "dns"})
	if err != nil {
		return chain{}, err
	}
	if _, err := (lab.Client{Server: net.JoinHostPort("127.0.0.1", port)}).Ask(lab.Query("localhost", dns.TypeA, false)); err != nil {
		instance.Stop()
		return chain{}, err
	}
	c := <-asked
	c.instance = instance
	return c, nil
}

func (c chain) stop() { c.instance.Stop() }

// stub answers as an ordinary network is answered: addresses, some names that
// do not exist, and to a tunnel with a text of its own each time.
type stub struct{}

// Name implements the plugin.Handler interface.
func (stub) Name() string { return "stub" }

// ServeDNS implements the plugin.Handler interface.
func (stub) ServeDNS(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	return dns.RcodeSuccess, w.WriteMsg(answer(r))
}

func answer(r *dns.Msg) *dns.Msg {
	m := new(dns.Msg)
	m.SetReply(r)
	q := r.Question[0]
	hdr := dns.RR_Header{Name: q.Name, Rrtype: q.Qtype, Class: dns.ClassINET, Ttl: 3600}
	switch {
	case len(q.Name)%13 == 0:
		m.Rcode = dns.RcodeNameError
	case q.Qtype == dns.TypeA:
		m.Answer = []dns.RR{&dns.A{Hdr: hdr, A: net.IPv4(192, 0, 2, byte(len(q.Name))).To4()}}
	case q.Qtype == dns.TypeAAAA:
		m.Answer = []dns.RR{&dns.AAAA{Hdr: hdr, AAAA: net.ParseIP("2001:db8::1")}}
	case q.Qtype == dns.TypeTXT:
		label, _, _ := strings.Cut(q.Name, ".")
		m.Answer = []dns.RR{&dns.TXT{Hdr: hdr, Txt: []string{"v=" + label, strings.ToUpper(label)}}}
	}
	return m
}

// writer is a ResponseWriter that takes a reply and does nothing with it.
type writer struct {
	dns.ResponseWriter // none: what is not below is not called
	addr               net.Addr
}

func (w *writer) RemoteAddr() net.Addr      { return w.addr }
func (w *writer) LocalAddr() net.Addr       { return w.addr }
func (w *writer) WriteMsg(m *dns.Msg) error { return nil }

// writers are those of the clients.
var writers = func() []*writer {
	all := make([]*writer, traceClients)
	for i := range all {
		all[i] = &writer{addr: net.UDPAddrFromAddrPort(netip.AddrPortFrom(address(i), 4000))}
	}
	return all
}()

// ask puts one query through the chain, in a message of its own as a server
// has it.
func (c chain) ask(q *query) {
	m := new(dns.Msg)
	m.SetQuestion(q.name, q.qtype)
	c.handler.ServeDNS(c.ctx, writers[q.client], m)
}

func (c chain) serve(all []query) {
	for i := range all {
		c.ask(&all[i])
	}
}
