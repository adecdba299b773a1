package notunnel

import (
	"context"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/subject"
)

// believing believes peers as the Corefile's lines say.
func believing(t testing.TB, lines ...string) clientIDs {
	t.Helper()
	var c config
	for _, line := range lines {
		if err := setClientID(&c, "", strings.Fields(line)); err != nil {
			t.Fatal(err)
		}
	}
	return c.clientIDs
}

func local(code uint16, data string) dns.EDNS0 {
	return &dns.EDNS0_LOCAL{Code: code, Data: []byte(data)}
}

func subnet(family uint16, addr string, bits uint8) dns.EDNS0 {
	return &dns.EDNS0_SUBNET{Code: dns.EDNS0SUBNET, Family: family, SourceNetmask: bits, Address: net.ParseIP(addr)}
}

// withOptions is a query with options that came over the wire.
func withOptions(t testing.TB, options ...dns.EDNS0) *dns.Msg {
	t.Helper()
	r := asks("www.example.com.")
	r.SetEdns0(1232, false)
	r.IsEdns0().Option = options
	packet, err := r.Pack()
	if err != nil {
		t.Fatal(err)
	}
	back := new(dns.Msg)
	if err := back.Unpack(packet); err != nil {
		t.Fatal(err)
	}
	return back
}

// Who is believed says who asks; nobody else does, and what is none leaves the peer.
func TestClientIDs(t *testing.T) {
	c := believing(t, "mac FROM 192.0.2.1 2001:db8::/32", "ecs 192.0.2.2", "cpe from 192.0.2.3")
	networks, err := subject.NewNetworks(32, 64)
	if err != nil {
		t.Fatal(err)
	}
	const mac = "\x02\x00\x5e\xff\x00\x01"
	for _, row := range []struct {
		name, peer string
		options    []dns.EDNS0
		want       string
		result     idResult
	}{
		{"add-mac", "192.0.2.1", []dns.EDNS0{local(65001, mac)}, "mac:02:00:5e:ff:00:01", idRead},
		{"add-mac by IPv4 in IPv6", "::ffff:192.0.2.1", []dns.EDNS0{local(65001, mac)}, "mac:02:00:5e:ff:00:01", idRead},
		{"add-mac by IPv6", "2001:db8::5", []dns.EDNS0{local(65001, mac)}, "mac:02:00:5e:ff:00:01", idRead},
		{"add-mac=text", "192.0.2.1", []dns.EDNS0{local(65073, "02:00:5e:FF:00:01")}, "mac:02:00:5e:ff:00:01", idRead},
		{"add-mac=base64", "192.0.2.1", []dns.EDNS0{local(65073, "AgBe/wAB")}, "mac:02:00:5e:ff:00:01", idRead},
		{"behind others", "192.0.2.1", []dns.EDNS0{local(65074, "x"), subnet(1, "198.51.100.0", 24), local(65001, mac)}, "mac:02:00:5e:ff:00:01", idRead},
		{"a broken one first", "192.0.2.1", []dns.EDNS0{local(65073, "x"), local(65001, mac)}, "mac:02:00:5e:ff:00:01", idRead},
		{"short", "192.0.2.1", []dns.EDNS0{local(65001, mac[1:])}, "192.0.2.1", idMalformed},
		{"empty", "192.0.2.1", []dns.EDNS0{local(65001, "")}, "192.0.2.1", idMalformed},
		{"no hex", "192.0.2.1", []dns.EDNS0{local(65073, "02:00:5e:ff:00:0g")}, "192.0.2.1", idMalformed},
		{"no colons", "192.0.2.1", []dns.EDNS0{local(65073, "02-00-5e-ff-00-01")}, "192.0.2.1", idMalformed},
		{"no base64", "192.0.2.1", []dns.EDNS0{local(65073, "AgBe*wAB")}, "192.0.2.1", idMalformed},
		{"base64 of less", "192.0.2.1", []dns.EDNS0{local(65073, "AgBe/w==")}, "192.0.2.1", idMalformed},
		{"nothing", "192.0.2.1", nil, "192.0.2.1", idMissing},
		{"another option", "192.0.2.1", []dns.EDNS0{local(65074, "x")}, "192.0.2.1", idMissing},
		{"add-cpe-id", "192.0.2.3", []dns.EDNS0{local(65074, "house 4711\n\"\\\xff")}, `cpe:house\0324711\010\034\092\255`, idRead},
		{"add-cpe-id too long", "192.0.2.3", []dns.EDNS0{local(65074, strings.Repeat("x", subject.MaxID+1))}, "192.0.2.3", idMalformed},
		{"add-subnet", "192.0.2.2", []dns.EDNS0{subnet(1, "198.51.100.7", 32)}, "198.51.100.7", idRead},
		{"add-subnet of a network", "192.0.2.2", []dns.EDNS0{subnet(1, "198.51.100.0", 24)}, "198.51.100.0/24", idRead},
		{"add-subnet of IPv6", "192.0.2.2", []dns.EDNS0{subnet(2, "2001:db8:1:2::", 56)}, "2001:db8:1::/56", idRead},
		{"add-subnet=0", "192.0.2.2", []dns.EDNS0{subnet(1, "0.0.0.0", 0)}, "192.0.2.2", idMissing},
		{"IPv4 as IPv6", "192.0.2.2", []dns.EDNS0{subnet(2, "::ffff:198.51.100.7", 128)}, "192.0.2.2", idMalformed},
		{"of somebody else", "192.0.2.4", []dns.EDNS0{local(65001, mac), local(65074, "x"), subnet(1, "198.51.100.7", 32)}, "192.0.2.4", -1},
		{"of nobody", "", []dns.EDNS0{local(65001, mac)}, "", -1},
	} {
		t.Run(row.name, func(t *testing.T) {
			var q detect.Query
			if row.peer != "" {
				q.Client = netip.MustParseAddr(row.peer)
			}
			kind := c.of(q.Client)
			before := map[idResult]float64{}
			for result := range idRead + 1 {
				before[result] = valueOf(t, idsRead[max(kind, 1)][result])
			}
			if read := c.identify(withOptions(t, row.options...), &q, new([macSize]byte)); read != nil {
				read.Inc()
			}
			var who subject.Client
			networks.Behind(&who, q.Client, &q.ID)
			if who.String() != row.want {
				t.Errorf("the client is %s, want %s", who, row.want)
			}
			for result, n := range before {
				want := n
				if result == row.result {
					want++
				}
				if got := valueOf(t, idsRead[max(kind, 1)][result]); got != want {
					t.Errorf("result %d is counted %v times more", result, got-n)
				}
			}
		})
	}
}

// Two behind one forwarder are two, and one's flag is not the other's. Exemptions and
// allowances by address go by that of a subnet.
func TestClientsBehindAForwarder(t *testing.T) {
	n := guard(t, func(c *config) {
		c.engine.Exempt = []netip.Prefix{netip.MustParsePrefix("198.51.100.128/25")}
	})
	n.clientIDs = believing(t, "mac 10.240.0.1", "ecs 10.240.0.2")
	for _, c := range []struct {
		peer         string
		guilty, free dns.EDNS0
		exempt       dns.EDNS0
	}{
		{"10.240.0.1", local(65001, "\x02\x00\x00\x00\x00\x01"), local(65001, "\x02\x00\x00\x00\x00\x02"), nil},
		{"10.240.0.2", subnet(1, "198.51.100.1", 32), subnet(1, "198.51.100.0", 24), subnet(1, "198.51.100.200", 32)},
	} {
		ask := func(name string, option dns.EDNS0) int {
			r := withOptions(t, option)
			r.Question[0].Name = name
			w := &writtenTo{addr: &net.UDPAddr{IP: net.ParseIP(c.peer), Port: 4000}}
			n.ServeDNS(context.Background(), w, r)
			return w.replies[0].Rcode
		}
		numbers, blocked := rand.New(rand.NewPCG(5, 6)), 0
		sld := "evil-" + c.peer[len(c.peer)-1:] + ".com."
		for range 100 {
			name := tunnelled(numbers) + "." + sld
			if ask(name, c.guilty) == dns.RcodeNameError {
				blocked++
			}
			if c.exempt != nil && ask(name, c.exempt) != dns.RcodeSuccess {
				t.Fatal("who is exempt is blocked")
			}
		}
		if blocked == 0 || ask("www."+sld, c.free) != dns.RcodeSuccess {
			t.Errorf("behind %s: %d queries of the tunnel blocked, and those of others", c.peer, blocked)
		}
	}
}

// writtenTo is a ResponseWriter of a client at an address.
type writtenTo struct {
	written
	addr net.Addr
}

func (w *writtenTo) RemoteAddr() net.Addr { return w.addr }

func FuzzClientID(f *testing.F) {
	f.Add("mac", uint16(65001), []byte("\x02\x00\x00\x00\x00\x01"))
	f.Add("mac", uint16(65073), []byte("02:00:00:00:00:01"))
	f.Add("mac", uint16(65073), []byte("AgAAAAAB"))
	f.Add("cpe", uint16(65074), []byte("a b"))
	f.Add("ecs", uint16(8), []byte("\x00\x01\x18\x00\x0a\x00\x00"))
	networks, err := subject.NewNetworks(32, 64)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, kind string, code uint16, data []byte) {
		if idKinds[kind] == subject.NoID || len(data) > 1000 {
			return
		}
		r := asks("www.example.com.")
		r.SetEdns0(1232, false)
		r.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_LOCAL{Code: code, Data: data}}
		packet, err := r.Pack()
		if err != nil || r.Unpack(packet) != nil {
			return // no message
		}
		q := detect.Query{Client: netip.MustParseAddr("192.0.2.1")}
		believing(t, kind+" 192.0.2.1").identify(r, &q, new([macSize]byte))
		var who subject.Client
		networks.Behind(&who, q.Client, &q.ID)
		if back, err := subject.ReadClient(who.String()); err != nil || back != who {
			t.Errorf("%q is read as %q, error %v", who, back, err)
		}
	})
}
