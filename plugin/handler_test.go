package notunnel

import (
	"bytes"
	"context"
	"fmt"
	golog "log"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/metadata"
	"github.com/coredns/coredns/plugin/test"
	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// guard is the plugin before a handler that answers with the records.
func guard(t *testing.T, change func(*config), records ...dns.RR) *Notunnel {
	t.Helper()
	e, err := detect.New(configured(t, change).engine, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Notunnel{zones: []string{"."}, shared: alone(e), Next: plugin.HandlerFunc(
		func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
			m := new(dns.Msg)
			m.SetReply(r)
			m.Answer = records
			return dns.RcodeSuccess, w.WriteMsg(m)
		})}
}

// written is a ResponseWriter that keeps the replies.
type written struct {
	test.ResponseWriter
	replies []*dns.Msg
}

func (w *written) WriteMsg(m *dns.Msg) error {
	w.replies = append(w.replies, m)
	return nil
}

// serve sends a query through the plugin and returns the one reply to it.
func serve(t *testing.T, ctx context.Context, n *Notunnel, r *dns.Msg) *dns.Msg {
	t.Helper()
	var w written
	if rcode, err := n.ServeDNS(ctx, &w, r); rcode != dns.RcodeSuccess || err != nil {
		t.Fatalf("rcode %d, error %v", rcode, err)
	}
	if len(w.replies) != 1 {
		t.Fatalf("%d replies", len(w.replies))
	}
	return w.replies[0]
}

func asks(name string) *dns.Msg { return new(dns.Msg).SetQuestion(name, dns.TypeTXT) }

// logged is what is written to the log from here on.
func logged(t *testing.T) *bytes.Buffer {
	var text bytes.Buffer
	golog.SetOutput(&text)
	t.Cleanup(func() { golog.SetOutput(os.Stderr) })
	return &text
}

func counted(t *testing.T, f *faults) float64 {
	t.Helper()
	return valueOf(t, f.total)
}

func valueOf(t *testing.T, c prometheus.Counter) float64 {
	t.Helper()
	var m dto.Metric
	if err := c.Write(&m); err != nil {
		t.Fatal(err)
	}
	return m.GetCounter().GetValue()
}

func TestPanicInTheDetectorLetsTheQueryPass(t *testing.T) {
	text := test.TXT("www.faulty.org. 60 IN TXT abc")
	for _, c := range []struct {
		stage *faults
		guard *Notunnel
	}{
		// Models without the one that is asked, and a record that is none.
		{queryFaults, guard(t, func(c *config) {
			without := *c.engine.Models
			without.Autoencoder = nil
			c.engine.Models = &without
		}, text)},
		{replyFaults, guard(t, nil, text, nil)},
	} {
		t.Run(c.stage.stage, func(t *testing.T) {
			serve(t, context.Background(), c.guard, asks("first.faulty.org.")) // which is not measured before there is a second
			log, before := logged(t), counted(t, c.stage)
			c.stage.last.Store(0) // another test may have logged one
			const queries = 1000
			for i := range queries {
				name := fmt.Sprintf("w%d.faulty.org.", i) // each new: of a known one nothing is measured
				if m := serve(t, context.Background(), c.guard, asks(name)); len(m.Answer) == 0 {
					t.Fatalf("not the answer of the next plugin:\n%v", m)
				}
			}
			if n := counted(t, c.stage) - before; n != queries {
				t.Errorf("%v faults were counted, want %d", n, queries)
			}
			if n := strings.Count(log.String(), "fault in stage "+c.stage.stage); n < 1 || n > 10 {
				t.Errorf("%d lines in the log, want one a second", n)
			}
		})
	}
}

func TestMetadata(t *testing.T) {
	n := guard(t, nil)
	n.published = true
	var id, reason string
	labels := func(name string) (said, score string) {
		ctx := metadata.ContextWithMetadata(context.Background())
		serve(t, ctx, n, asks(name))
		label := func(name string) string { return metadata.ValueFunc(ctx, "notunnel/"+name)() }
		if blocked := label("verdict") == "block"; blocked != (label("ground") == "model") {
			t.Errorf("verdict %q on the ground %q", label("verdict"), label("ground"))
		}
		if !strings.HasSuffix(name, label("sld")+".") {
			t.Errorf("the SLD of %s is %q", name, label("sld"))
		}
		id, reason = label("id"), label("reason")
		return label("verdict"), label("score")
	}
	if said, score := labels("www.ordinary.org."); said != "pass" || score != "" {
		t.Errorf("an ordinary name: verdict %q, score %q", said, score)
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		said, score := labels(tunnelled(r) + ".tunnel.org.")
		if said != "block" {
			continue
		}
		if score < "0.5" || score > "1.000" || len(score) != len("0.123") {
			t.Errorf("the deciding query has score %q", score)
		}
		if said, score := labels("www.tunnel.org."); said != "block" || score != "" {
			t.Errorf("after the block: verdict %q, score %q; no score was due", said, score)
		}
		f := n.shared.engine().Flags().All(now())[0]
		if id != flags.IDText(f.ID) || reason == "" || reason != flags.Line(f.Reasons) {
			t.Errorf("after the block: id %q, reason %q; the flag is %+v", id, reason, f)
		}
		labels("www.other.org.")
		if id != "" || reason != "" {
			t.Errorf("a query that passes has id %q, reason %q", id, reason)
		}
		return
	}
	t.Error("no query of a tunnel was blocked")
}

func TestBlockedReplyHasTheClassOfTheQuestion(t *testing.T) {
	for _, class := range []uint16{dns.ClassINET, dns.ClassCHAOS} {
		r := asks("www.tunnel.org.")
		r.Question[0].Qclass = class
		if soa := blocked(r, false, "").Ns[0].Header(); soa.Class != class {
			t.Errorf("class %d for a question of class %d", soa.Class, class)
		}
	}
}

// What a client is told is short, whatever was asked for, and names what to look for.
func TestWhyBlocked(t *testing.T) {
	for g := verdict.NoGround + 1; int(g) < verdict.Grounds; g++ {
		for _, scope := range []string{"", "a.org", strings.Repeat("x", 63) + "." + strings.Repeat("\xff", 63) + ".tunnel-lab.com", strings.Repeat("a", 25) + ".com"} {
			for _, id := range []uint64{0, 1, 0xabcdef0123456789} {
				why := whyBlocked(g, []byte(scope), id)
				if len(why) > maxWhy || !utf8.ValidString(why) || !strings.HasPrefix(why, "notunnel: "+g.Said()) {
					t.Errorf("%d bytes: %q", len(why), why)
				}
				if id != 0 && !strings.HasSuffix(why, " (flag "+flags.IDText(id)[:8]+")") || scope != "" && !strings.Contains(why, scope[max(len(scope)-5, 0):]) {
					t.Errorf("%q does not name %q or %x", why, scope, id)
				}
			}
		}
	}
}

// alone is an engine that no registry knows.
func alone(e *detect.Engine) *sharedEngine {
	s := new(sharedEngine)
	s.running.Store(e)
	return s
}
