package notunnel

import (
	"context"
	"testing"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/test"
	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/standing"
)

// Letter case reaches no server of an unknown domain, and every client reads its own
// spelling. What the reply was made of stays as it was: a cache may hold it.
func TestSpelling(t *testing.T) {
	for _, c := range []struct {
		name    string
		monitor bool
		asks    string
		sent    string
	}{
		{"unknown domain", false, "DaTa.Unheard-OF.example.", "data.unheard-of.example."},
		{"unknown domain in lower case", false, "data.unheard-of.example.", "data.unheard-of.example."},
		{"escapes", false, `D\200\.A.unheard-of.example.`, `d\200\.a.unheard-of.example.`},
		{"popular domain", false, "WwW.GooGle.com.", "WwW.GooGle.com."},
		{"allowed domain", false, "WwW.SpamHaus.org.", "WwW.SpamHaus.org."},
		{"local name", false, "Printer.Office.local.", "Printer.Office.local."},
		{"reverse zone", false, "1.2.3.8.In-Addr.Arpa.", "1.2.3.8.in-addr.arpa."},
		{"monitor", true, "DaTa.Unheard-OF.example.", "DaTa.Unheard-OF.example."},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, err := detect.New(configured(t, func(cfg *config) { cfg.engine.Standing = standing.Shipped() }).engine, nil)
			if err != nil {
				t.Fatal(err)
			}
			var sent string
			var made *dns.Msg
			n := &Notunnel{zones: []string{"."}, shared: alone(e), monitor: c.monitor, Next: plugin.HandlerFunc(
				func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
					sent = r.Question[0].Name
					made = new(dns.Msg).SetReply(r)
					made.Answer = []dns.RR{
						&dns.CNAME{Hdr: dns.RR_Header{Name: sent, Rrtype: dns.TypeCNAME, Class: dns.ClassINET}, Target: "other.example."},
						test.A("other.example. 60 IN A 192.0.2.1"),
					}
					return dns.RcodeSuccess, w.WriteMsg(made)
				})}
			r := asks(c.asks)
			reply := serve(t, context.Background(), n, r)
			if sent != c.sent || made.Question[0].Name != c.sent || made.Answer[0].Header().Name != c.sent {
				t.Errorf("%s was sent on; the reply to it is\n%v", sent, made)
			}
			if r.Question[0].Name != c.asks || reply.Question[0].Name != c.asks || reply.Answer[0].Header().Name != c.asks ||
				reply.Answer[1].Header().Name != "other.example." || !reply.Response || reply.Id != r.Id {
				t.Errorf("the query is now for %s, its reply\n%v", r.Question[0].Name, reply)
			}
		})
	}
}

// A signature covers the name, so that a signed query goes on as it is.
func TestSignedQueryKeepsItsSpelling(t *testing.T) {
	var sent string
	n := guard(t, nil)
	n.Next = plugin.HandlerFunc(func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
		sent = r.Question[0].Name
		return dns.RcodeSuccess, w.WriteMsg(new(dns.Msg).SetReply(r))
	})
	r := asks("DaTa.unheard-of.example.")
	r.SetTsig("key.", dns.HmacSHA256, 300, 0)
	if serve(t, context.Background(), n, r); sent != "DaTa.unheard-of.example." {
		t.Errorf("%s was sent on", sent)
	}
}
