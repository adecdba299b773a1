package notunnel

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/coredns/coredns/plugin"
	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// tight is a budget that a few names spend.
func tight(cfg *config) {
	cfg.engine.Budget = meter.Limits{Up: meter.FromBytes(256), Down: meter.FromBytes(300)}
}

// Names that say nothing to the models are refused when they have said too much.
func TestBudgetRefusesQueries(t *testing.T) {
	n, r := guard(t, tight), rand.New(rand.NewPCG(1, 1))
	words := []string{"mail", "www", "cdn", "img", "api", "shop", "news", "blog"}
	refused := 0
	for i := range 400 {
		name := fmt.Sprintf("%s-%s.%s.words-test.net.", words[r.IntN(8)], words[r.IntN(8)], words[r.IntN(8)])
		m := serve(t, context.Background(), n, new(dns.Msg).SetQuestion(name, dns.TypeA))
		if m.Rcode == dns.RcodeNameError {
			refused++
		} else if i > 200 && refused == 0 {
			t.Fatal("200 names, and none is refused")
		}
	}
	all := n.shared.engine().Flags().All(now())
	if len(all) != 1 || all[0].Ground != verdict.Budget || all[0].Blocked != uint64(refused) || len(all[0].Reasons) != 1 {
		t.Errorf("%+v, %d queries were refused", all, refused)
	}
	if m := serve(t, context.Background(), n, asks("www.another.net.")); m.Rcode != dns.RcodeSuccess {
		t.Error("another domain is refused")
	}
}

// The reply that is one too many is withheld, and from then on the names are refused
// that it came from.
func TestBudgetWithholdsReplies(t *testing.T) {
	for _, monitor := range []bool{false, true} {
		n, r := guard(t, tight), rand.New(rand.NewPCG(1, 2))
		n.monitor = monitor
		n.Next = plugin.HandlerFunc(func(_ context.Context, w dns.ResponseWriter, q *dns.Msg) (int, error) {
			m := new(dns.Msg).SetReply(q)
			m.Answer = []dns.RR{&dns.TXT{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeTXT, Class: dns.ClassINET},
				Txt: []string{fmt.Sprintf("%016x%016x%08x", r.Uint64(), r.Uint64(), r.Uint32())}}}
			return dns.RcodeSuccess, w.WriteMsg(m)
		})
		let := 0
		for range 20 {
			if m := serve(t, context.Background(), n, asks("polled.staging-test.net.")); len(m.Answer) > 0 {
				let++
			}
		}
		if want := map[bool]int{false: 300 / 44, true: 20}[monitor]; let != want {
			t.Errorf("monitor %v: %d replies came through, want %d", monitor, let, want)
		}
		if all := n.shared.engine().Flags().All(now()); len(all) != 1 || all[0].Ground != verdict.Budget {
			t.Errorf("monitor %v: %+v, want a flag", monitor, all)
		}
	}
}
