package notunnel

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"testing"

	"github.com/coredns/coredns/plugin"
	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// Monitor mode flags, charges and counts as block mode does, and answers nothing.
func TestMonitorDecidesAsBlockDoes(t *testing.T) {
	type door struct {
		*Notunnel
		blocked, passed int
	}
	doors := []*door{}
	for _, monitor := range []bool{false, true} {
		n := guard(t, func(c *config) {
			c.engine.Budget = meter.Limits{Up: meter.FromBytes(2 << 10), Down: meter.FromBytes(2 << 10)}
		})
		n.monitor, n.view = monitor, fmt.Sprint("monitor is ", monitor) // counters of its own
		doors = append(doors, &door{Notunnel: n})
	}
	r := rand.New(rand.NewPCG(7, 8))
	for i := range 3000 {
		var name string
		switch r.IntN(4) {
		case 0:
			name = fmt.Sprintf("host-%d.ordinary-%d.org.", r.IntN(20), r.IntN(30))
		case 1:
			name = tunnelled(r) + ".tunnel-lab.com."
		case 2:
			name = fmt.Sprintf("word-%d-%d.drip-lab.com.", i, r.IntN(1000)) // over its budget in time
		case 3:
			name = "www.down-lab.com." // whose replies are too much
		}
		client := &net.UDPAddr{IP: net.IPv4(192, 0, 2, byte(r.IntN(3))), Port: 4000}
		text := fmt.Sprint(r.Uint64(), r.Uint64(), r.Uint64())
		for _, d := range doors {
			d.Next = plugin.HandlerFunc(func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
				m := new(dns.Msg).SetReply(r)
				m.Answer = []dns.RR{&dns.TXT{Hdr: dns.RR_Header{Name: r.Question[0].Name, Rrtype: dns.TypeTXT, Class: dns.ClassINET}, Txt: []string{text}}}
				return dns.RcodeSuccess, w.WriteMsg(m)
			})
			w := &writtenTo{addr: client}
			d.ServeDNS(context.Background(), w, asks(name))
			if w.replies[0].Rcode == dns.RcodeNameError {
				d.blocked++
			} else {
				d.passed++
			}
		}
	}
	block, monitor := doors[0], doors[1]
	if block.blocked == 0 || monitor.blocked != 0 || monitor.passed != block.passed+block.blocked {
		t.Errorf("block mode blocks %d and passes %d, monitor mode %d and %d", block.blocked, block.passed, monitor.blocked, monitor.passed)
	}
	state := func(d *door) (all []string) {
		e := d.shared.engine()
		for _, f := range e.Flags().All(now()) {
			all = append(all, fmt.Sprint(f.SLD, f.Client, f.Ground, f.Score, f.Queries, f.LeakedBytes, f.UpBytes, f.DownBytes, f.Blocked, f.Names()))
		}
		series := d.counters.of(labels{"", ".", d.view})
		for g := verdict.Model; int(g) < verdict.Grounds; g++ {
			all = append(all, fmt.Sprint(g, valueOf(t, series.blocks[g])))
		}
		return all
	}
	got, want := state(monitor), state(block)
	if flags := len(want) - verdict.Grounds + 1; flags < 9 {
		t.Errorf("%d flags, want one for each client and domain", flags)
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("monitor mode\n%s\nblock mode\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
