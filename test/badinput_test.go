package test

import (
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// TestBadInput sends what no resolver should be sent, from an address of its
// own for each case, and checks that the resolver goes on as before.
func TestBadInput(t *testing.T) {
	f := start(t, "notunnel", assorted)
	for name, packets := range badPackets() {
		t.Run(name, func(t *testing.T) {
			for _, network := range []string{"udp", "tcp"} {
				send(t, f, network, packets)
			}
			f.healthy(t)
		})
	}
	t.Run("TCP streams that end early", func(t *testing.T) {
		for _, stream := range []string{"", "\x00", "\x00\x00", "\x00\x05ab", "\xff\xff" + strings.Repeat("x", 300), "GET / HTTP/1.1\r\n\r\n"} {
			conn, err := f.from("127.0.0.9").Dial("tcp")
			if err != nil {
				t.Fatal(err)
			}
			conn.Write([]byte(stream))
			conn.Close()
		}
		f.healthy(t)
	})
	ask(t, f.from("127.0.0.2"), "x.hundreds.wire-d.org", dns.TypeA, dns.RcodeSuccess)
	if flags := f.flags(t); len(flags) > 2 {
		t.Errorf("%d flags; at most the two random-name cases may be taken for tunnels: %+v", len(flags), flags)
	}
}

// send sends packets and waits a moment for replies, which may not come.
func send(t *testing.T, f *fixture, network string, packets [][]byte) {
	t.Helper()
	var wait sync.WaitGroup
	defer wait.Wait()
	for _, packet := range packets {
		conn, err := f.from("127.0.0.8").Dial(network)
		if err != nil {
			t.Fatal(err)
		}
		if network == "tcp" {
			packet = append(binary.BigEndian.AppendUint16(nil, uint16(len(packet))), packet...)
		}
		conn.Write(packet)
		wait.Go(func() {
			defer conn.Close()
			conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
			conn.Read(make([]byte, dns.MaxMsgSize))
		})
	}
}

func badPackets() map[string][][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	random := func(n int) []byte { return randomBytes(r, n) }
	cases := map[string][][]byte{"nothing at all": {{}}}
	for range 50 {
		cases["random bytes"] = append(cases["random bytes"], random(r.IntN(600)))
		// A good header, then anything.
		cases["random body"] = append(cases["random body"], append([]byte{0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}, random(r.IntN(300))...))
	}
	good := question("www.cut-short.org.", dns.TypeA, dns.ClassINET)
	for n := range good {
		cases["cut short"] = append(cases["cut short"], good[:n])
	}
	for _, name := range hardNames(r) {
		for _, qtype := range []uint16{0, dns.TypeA, dns.TypeTXT, dns.TypeNULL, dns.TypePTR, dns.TypeANY, dns.TypeOPT, dns.TypeAXFR, dns.TypeIXFR, dns.TypeTSIG, 65399, 65535} {
			cases["hard names"] = append(cases["hard names"], question(name, qtype, dns.ClassINET))
		}
	}
	for _, class := range []uint16{0, dns.ClassCHAOS, dns.ClassHESIOD, dns.ClassNONE, dns.ClassANY, 4711} {
		cases["classes"] = append(cases["classes"], question("www.classes.org.", dns.TypeA, class))
	}
	for opcode := range 16 {
		m := new(dns.Msg)
		m.SetQuestion("www.opcodes.org.", dns.TypeA)
		m.Opcode = opcode
		cases["opcodes"] = append(cases["opcodes"], packed(m))
	}
	none := new(dns.Msg)
	none.Id = 1
	cases["no question"] = [][]byte{packed(none)}
	several := new(dns.Msg)
	several.SetQuestion("first.several.org.", dns.TypeA)
	several.Question = append(several.Question, several.Question[0], dns.Question{Name: "third.other.net.", Qtype: dns.TypeTXT, Qclass: dns.ClassINET})
	cases["several questions"] = [][]byte{packed(several)}
	reply := new(dns.Msg)
	reply.SetQuestion("www.reply.org.", dns.TypeA)
	reply.Response = true
	cases["a reply"] = [][]byte{packed(reply)}
	loop := append([]byte{0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}, 0xc0, 12, 0, 1, 0, 1)
	cases["compression loop"] = [][]byte{loop}
	return cases
}

func randomBytes(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// hardNames are names in every odd form, in presentation form.
func hardNames(r *rand.Rand) []string {
	names := []string{
		".", "localhost.", "com.", "co.uk.", "nothing.unknown-tld-xyz.", "unknown-tld-xyz.",
		"xn--bcher-kva.example.", "xn--p1ai.", "xn--zz--.xn--xn.org.", "*.wild.org.", "_.org.", "-.org.",
		"1.2.3.4.in-addr.arpa.", "in-addr.arpa.", "arpa.", "ip6.arpa.", strings.Repeat("f.", 32) + "ip6.arpa.",
		strings.Repeat("a.", 126) + "b.", strings.Repeat("a.", 127), // 255 bytes on the wire
		strings.Repeat(strings.Repeat("x", 63)+".", 3) + strings.Repeat("y", 61) + ".",
		strings.Repeat(strings.Repeat("x", 63)+".", 3) + strings.Repeat("y", 57) + ".org.",
		`dot\.in\.label.org.`, `\000.zero.org.`, `quote\".back\\slash.org.`, `\255\254\128.high.org.`,
		`www.a\.b.com.`, `new\010line.org.`, "flagged\\032sld=x.org.",
	}
	for range 20 {
		var b strings.Builder
		for _, c := range randomBytes(r, 60) {
			b.WriteString(escaped(c))
		}
		names = append(names, b.String()+".random-bytes.org.")
	}
	return names
}

// escaped is a byte of a name as \DDD.
func escaped(c byte) string {
	return `\` + string([]byte{'0' + c/100, '0' + c/10%10, '0' + c%10})
}

func question(name string, qtype, class uint16) []byte {
	m := new(dns.Msg)
	m.Id = 4242
	m.RecursionDesired = true
	m.Question = []dns.Question{{Name: name, Qtype: qtype, Qclass: class}}
	return packed(m)
}

// packed is a message on the wire. All that are made here can be packed.
func packed(m *dns.Msg) []byte {
	b, err := m.Pack()
	if err != nil {
		panic(m.String() + err.Error())
	}
	return b
}

// A client that asks for names in every odd form gets the same as without the
// plugin.
func TestHardNamesPassUnchanged(t *testing.T) {
	with, without := start(t, "notunnel {\n mode monitor\n}", assorted), start(t, "", assorted)
	for _, name := range hardNames(rand.New(rand.NewPCG(3, 4))) {
		packet := question(name, dns.TypeA, dns.ClassINET)
		got, err := with.from("127.0.0.2").Raw("udp", packet)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want, err := without.from("127.0.0.2").Raw("udp", packet)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if string(got) != string(want) {
			t.Errorf("%s: with the plugin %x, without %x", name, got, want)
		}
	}
	with.healthy(t)
}
