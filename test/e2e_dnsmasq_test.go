//go:build e2e

package test

import (
	"encoding/base32"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/test/lab"
)

// house is a forwarder with dnsmasq before a resolver, and two clients on its network.
type house struct {
	resolver *lab.Resolver
	router   namespace
	clients  [2]namespace
}

// The house's network, and what is in it.
const (
	routerAddr  = "10.99.0.1"
	routerOther = "10.99.0.2"
	behind      = "127.0.0.1" // what the resolver sees of all of them
	behindPort  = "5353"
)

var (
	houseAddrs = [2]string{"10.99.0.11", "10.99.0.12"}
	houseMACs  = [2]string{"02:00:5e:10:00:0b", "02:00:5e:10:00:0c"}
)

func newHouse(t *testing.T, config string) *house {
	t.Helper()
	h := &house{router: newNamespace(t, "r")}
	on := func(ns namespace, args ...string) { ip(t, append([]string{"-n", string(ns)}, args...)...) }
	on(h.router, "link", "add", "br0", "type", "bridge")
	on(h.router, "addr", "add", routerAddr+"/24", "dev", "br0")
	on(h.router, "addr", "add", routerOther+"/24", "dev", "br0")
	on(h.router, "link", "set", "br0", "up")
	for i := range h.clients {
		ns := newNamespace(t, fmt.Sprint(i))
		h.clients[i] = ns
		port := fmt.Sprintf("port%d", i)
		on(h.router, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", string(ns))
		on(h.router, "link", "set", port, "master", "br0", "up")
		on(ns, "link", "set", "eth0", "address", houseMACs[i])
		on(ns, "addr", "add", houseAddrs[i]+"/24", "dev", "eth0")
		on(ns, "link", "set", "eth0", "up")
	}
	corefile := write(t, ".:"+behindPort+" {\n bind "+behind+"\n errors\n "+config+
		"\n template ANY ANY {\n  answer \"{{ .Name }} 60 IN A 192.0.2.1\"\n }\n}\n")
	var err error
	if h.resolver, err = lab.Start(h.router.command(coredns, "-conf", corefile)...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.resolver.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the resolver wrote:\n%s", h.resolver.Log)
		}
	})
	return h
}

// forward runs dnsmasq on one of the router's addresses.
func (h *house) forward(t *testing.T, addr string, options ...string) {
	t.Helper()
	spawn(t, h.router.command(append([]string{
		"dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--cache-size=0", "--user=root", "--pid-file=",
		"--bind-interfaces", "--listen-address=" + addr, "--except-interface=lo", "--server=" + behind + "#" + behindPort,
	}, options...)...)...)
	if err := lab.Wait("answer through dnsmasq", func() bool {
		m, err := h.ask(0, addr, lab.Query("www.ordinary-site.org", dns.TypeA, false))
		return err == nil && m.Rcode == dns.RcodeSuccess
	}); err != nil {
		t.Fatal(err)
	}
}

func (h *house) ask(client int, addr string, m *dns.Msg) (reply *dns.Msg, err error) {
	err = h.clients[client].do(func() (err error) {
		reply, err = lab.Client{Server: addr + ":53"}.Ask(m)
		return err
	})
	return reply, err
}

// Two clients behind dnsmasq are two, whichever of its options says so: who tunnels is cut
// under the name that it has in it, the other goes on.
func TestE2EDnsmasq(t *testing.T) {
	needs(t, "ip", "dnsmasq")
	for _, c := range []struct {
		kind    string
		options []string
		guilty  string
	}{
		{"mac", []string{"--add-mac"}, "mac:" + houseMACs[0]},
		{"mac", []string{"--add-mac=text"}, "mac:" + houseMACs[0]},
		{"mac", []string{"--add-mac=base64"}, "mac:" + houseMACs[0]},
		{"mac", []string{"--add-mac", "--strip-mac"}, "mac:" + houseMACs[0]},
		{"ecs", []string{"--add-subnet=32,64"}, houseAddrs[0]},
		{"ecs", []string{"--add-subnet=32,64", "--strip-subnet"}, houseAddrs[0]},
		{"cpe", []string{"--add-cpe-id=house-1"}, "cpe:house-1"},
		{"mac", nil, behind}, // which says nothing: one client
	} {
		t.Run(c.kind+" "+strings.Join(c.options, " "), func(t *testing.T) {
			h := newHouse(t, "notunnel {\n client_id "+c.kind+" from "+behind+"\n}")
			h.forward(t, routerAddr, c.options...)
			asked, other := routerAddr, routerAddr // of the one who tunnels, and of the other
			if c.kind == "cpe" {
				h.forward(t, routerOther, "--add-cpe-id=house-2")
				other = routerOther
			}
			strips := strings.Contains(strings.Join(c.options, " "), "--strip")
			r := rand.New(rand.NewChaCha8([32]byte{}))
			blocked := 0
			for range 300 {
				data := make([]byte, 60)
				for i := range data {
					data[i] = byte(r.Uint32())
				}
				text := strings.ToLower(strings.TrimRight(base32.StdEncoding.EncodeToString(data), "="))
				m := lab.Query(text[:48]+"."+text[48:]+".tunnel-lab.com", dns.TypeA, strips)
				if strips { // it passes itself off as the other
					m.IsEdns0().Option = []dns.EDNS0{
						&dns.EDNS0_LOCAL{Code: 65001, Data: []byte("\x02\x00\x5e\x10\x00\x0c")},
						&dns.EDNS0_SUBNET{Code: dns.EDNS0SUBNET, Family: 1, SourceNetmask: 32, Address: []byte{10, 99, 0, 12}},
					}
				}
				reply, err := h.ask(0, asked, m)
				if err != nil {
					t.Fatal(err)
				}
				if reply.Rcode == dns.RcodeNameError {
					if blocked++; blocked == 5 {
						break
					}
				}
			}
			if err := lab.Wait("flag", func() bool { return h.resolver.Log.Contains("flagged ") }); err != nil {
				t.Fatal(err)
			}
			flags, err := h.resolver.Log.Flags()
			if err != nil || len(flags) != 1 || flags[0].Client != c.guilty || blocked != 5 {
				t.Errorf("%d blocked, flags %+v, error %v; want one of %s", blocked, flags, err, c.guilty)
			}
			reply, err := h.ask(1, other, lab.Query("www.tunnel-lab.com", dns.TypeA, false))
			if err != nil || (reply.Rcode == dns.RcodeSuccess) != (c.guilty != behind) {
				t.Errorf("the other client: error %v\n%v", err, reply)
			}
		})
	}
}
