package notunnel

import (
	"context"
	"testing"

	"github.com/coredns/coredns/plugin"
	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/plugin/meter"
)

// How a name is written makes no difference to what is sent on of it.
func TestSpellingsOfANameLeaveAlike(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(r *dns.Msg)
	}{
		{"letter case", func(r *dns.Msg) { r.Question[0].Name = "wWw.LeAvEs-test.com." }},
		{"escapes", func(r *dns.Msg) { r.Question[0].Name = `\119ww.leaves-test.com.` }},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := guard(t, func(c *config) { c.engine.Budget = meter.Limits{Up: meter.FromBytes(1 << 10)} })
			var left []string
			next := n.Next
			n.Next = plugin.HandlerFunc(func(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
				sent := r.Copy()
				sent.Id = 0
				packed, err := sent.Pack()
				if err != nil {
					t.Error(err)
				}
				left = append(left, string(packed))
				return next.ServeDNS(ctx, w, r)
			})
			for i := range 2 {
				r := asks("www.leaves-test.com.")
				if i == 1 {
					c.change(r)
				}
				serve(t, context.Background(), n, r)
			}
			if len(left) == 2 && left[0] != left[1] {
				t.Error("it leaves, and costs nothing after the first query")
			}
		})
	}
}
