package notunnel

import (
	"context"
	"testing"

	"github.com/coredns/coredns/plugin"
	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/plugin/meter"
)

// What is sent on of a query, besides its name and type, is the same whatever the
// client makes of it; or 16 bits a query leave for nothing. Where CoreDNS lets other
// classes than IN through (its plugin chaos asks for that), the class is such a place.
func TestNothingButNameAndTypeLeaves(t *testing.T) {
	for _, c := range []struct {
		name   string
		open   bool
		change func(r *dns.Msg)
	}{
		{"class", true, func(r *dns.Msg) { r.Question[0].Qclass = 4711 }},
		{"letter case", true, func(r *dns.Msg) { r.Question[0].Name = "wWw.LeAvEs-test.com." }},
		{"reserved bit", true, func(r *dns.Msg) { r.Zero = true }},
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
				if c.open {
					t.Skip("open: it leaves, and costs nothing after the first query")
				}
				t.Error("it leaves, and costs nothing after the first query")
			}
		})
	}
}
