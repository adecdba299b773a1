package notunnel

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime/debug"
	"strings"
	"testing"
	"unsafe"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/test"
	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/model"
	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// door is the plugin as setup leaves it, before a handler that answers at once.
func door(t testing.TB) *Notunnel {
	t.Helper()
	models, err := model.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	config := detect.Default()
	config.Models, config.Allow, config.Watcher = models, verdict.Shipped(), watcher{}
	engine, err := detect.New(config, nil)
	if err != nil {
		t.Fatal(err)
	}
	reply := new(dns.Msg)
	reply.Answer = []dns.RR{test.A("www.example.com. 300 IN A 192.0.2.1")}
	return &Notunnel{
		zones:  []string{"."},
		shared: alone(engine),
		Next: plugin.HandlerFunc(func(_ context.Context, w dns.ResponseWriter, _ *dns.Msg) (int, error) {
			return dns.RcodeSuccess, w.WriteMsg(reply)
		}),
	}
}

// silent is a client that reads nothing, at an address that is there already.
type silent struct {
	test.ResponseWriter
	addr net.Addr
}

func (s *silent) RemoteAddr() net.Addr { return s.addr }

// questions are queries for name(0), name(1), …
func questions(n int, name func(int) string) []*dns.Msg {
	all := make([]*dns.Msg, n)
	for i := range all {
		all[i] = new(dns.Msg)
		all[i].SetQuestion(name(i), dns.TypeA)
	}
	return all
}

var someone = &silent{addr: &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 4000}}

// CoreDNS itself allocates a writer at each hop; the plugin may add one of its own,
// since every reply is metered, and for a new window and account not much more.
func TestServeDNSAllocatesLittle(t *testing.T) {
	const hop = 1
	for _, c := range []struct {
		name string
		most float64
		asks func(i int) string
	}{
		{"known prefix, just answered", hop + 1, func(int) string { return "www.example.com." }},
		{"known prefix, of a device behind a forwarder", hop + 1, func(int) string { return "www.example.net." }},
		{"new prefix", hop + 1, func(i int) string { return fmt.Sprintf("mail-cdn%d.example.com.", i) }},
		{"new window", hop + 4, func(i int) string { return fmt.Sprintf("www.example%d.com.", i) }},
		{"never judged", hop, func(int) string { return "printer.local." }},
	} {
		n := door(t)
		n.monitor = true // a flag is another matter
		const runs = 2000
		asked := questions(runs+1, c.asks) // AllocsPerRun runs once before it counts
		if strings.Contains(c.name, "forwarder") {
			n.clientIDs = believing(t, "cpe 192.0.2.2", "mac 192.0.2.1")
			for _, r := range asked {
				r.SetEdns0(1232, false)
				r.IsEdns0().Option = []dns.EDNS0{local(optionMACText, "02:00:00:00:00:01")}
			}
		}
		i := 0
		got := testing.AllocsPerRun(runs, func() {
			n.ServeDNS(context.Background(), someone, asked[i])
			i++
		})
		if got > c.most+racing {
			t.Errorf("%s: %v allocations a query, want at most %v", c.name, got, c.most)
		}
	}
}

func BenchmarkServeDNS(b *testing.B) {
	ctx := context.Background()
	for _, c := range []struct {
		name      string
		questions []*dns.Msg
	}{
		{"known", questions(1, func(int) string { return "www.example.com." })},
		{"known of 10000 windows", questions(10000, func(i int) string { return fmt.Sprintf("www.example%d.com.", i) })},
		{"new prefix", questions(1<<18, func(i int) string { return fmt.Sprintf("mail-cdn%d.example.com.", i) })},
		{"new window", questions(1<<18, func(i int) string { return fmt.Sprintf("www.example%d.com.", i) })},
	} {
		b.Run(c.name, func(b *testing.B) {
			n := door(b)
			n.monitor = true
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				n.ServeDNS(ctx, someone, c.questions[i%len(c.questions)])
			}
		})
	}
}

// Whatever is on the stack already, what deciding takes of it is reserved before: names that
// are new and known, that are measured, priced and scored, alone and together.
func TestDecidingGrowsNoStack(t *testing.T) {
	if racing > 0 {
		t.Skip("its frames are larger")
	}
	n := door(t)
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection moves stacks as well
	r, w := rand.New(rand.NewPCG(1, 3)), &silent{addr: &net.UDPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 53}}
	names := []func() string{
		func() string { return "www.example.com." },
		func() string { return fmt.Sprintf("host-%d.example%d.org.", r.IntN(1e6), r.IntN(30)) },
		func() string { return fmt.Sprintf("%x.rotated%d.net.", r.Uint64(), r.IntN(40)) },
		func() string { return fmt.Sprintf("n%d.someone.github.io.", r.IntN(1e6)) },
		func() string { return fmt.Sprintf("%d.2.0.192.in-addr.arpa.", r.IntN(256)) },
		func() string { return strings.Repeat(fmt.Sprintf("%014x.", r.Uint64()>>8), 15) + "long.org." },
	}
	grown := 0
	for frames := range 600 {
		for _, name := range names {
			q, room, moved := questions(1, func(int) string { return name() })[0], rooms.Get().(*room), false
			done := make(chan struct{})
			go func() {
				defer close(done)
				deeper(frames, func() {
					var here byte
					reserve(false)
					before := uintptr(unsafe.Pointer(&here))
					n.decide(context.Background(), w, q, ".", room)
					moved = uintptr(unsafe.Pointer(&here)) != before
				})
			}()
			<-done
			if moved {
				grown++
			}
		}
	}
	if grown > 0 {
		t.Errorf("deciding on %d queries of %d had the stack grow: raise deepest", grown, 600*len(names))
	}
}

// deeper calls f with so many frames more on the stack.
//
//go:noinline
func deeper(frames int, f func()) {
	if frames == 0 {
		f()
		return
	}
	deeper(frames-1, f)
}
