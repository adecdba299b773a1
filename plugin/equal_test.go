package notunnel

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/test"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/cmd/notunnel/capture"
	"github.com/notunnel/notunnel/model"
	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/plugin/detect"
)

// exchange is a recorded query with its reply, nil if there was none.
type exchange struct {
	at           time.Time
	query, reply *dns.Msg
}

// TestEqualFeatures replays the queries of each sample as a capture, as a DNS
// log and through ServeDNS, and wants the same windows from all three.
func TestEqualFeatures(t *testing.T) {
	samples, err := filepath.Glob("../test/samples/*.pcap")
	if err != nil || len(samples) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	for _, sample := range samples {
		t.Run(filepath.Base(sample), func(t *testing.T) {
			all := exchanges(t, sample)
			live := served(t, all)
			if len(live) == 0 {
				t.Fatal("the sample fills no window")
			}
			for form, content := range map[string][]byte{"pcap": asCapture(t, all), "TSV": asLog(t, all)} {
				if got := observed(t, content); !maps.Equal(got, live) {
					for sld := range live {
						if got[sld] != live[sld] {
							t.Errorf("%s, %s:\n\t%v\nlive:\n\t%v", sld, form, got[sld], live[sld])
						}
					}
				}
			}
		})
	}
}

// sampleClient asks everything: whose windows they are makes no difference.
var sampleClient = netip.MustParseAddrPort("192.0.2.1:4000")

// collector keeps the exchanges of a capture.
type collector struct{ all []*exchange }

func (c *collector) Query(q *capture.Query) error {
	m := new(dns.Msg)
	m.SetQuestion(q.Name, q.Type)
	m.Id = uint16(len(c.all))
	e := &exchange{query: m}
	q.Data = e
	c.all = append(c.all, e)
	return nil
}

func (c *collector) Reply(q *capture.Query, m *dns.Msg) error {
	e := q.Data.(*exchange)
	reply := m.Copy()
	reply.Id = e.query.Id
	e.reply = reply
	return nil
}

func exchanges(t *testing.T, sample string) []*exchange {
	var c collector
	if _, err := capture.Read(sample, &c); err != nil {
		t.Fatal(err)
	}
	return c.all
}

// observer makes an engine that observes and judges nothing, so that no window
// is forgotten.
func observer(t *testing.T) *detect.Engine {
	t.Helper()
	models, err := model.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	watching := *models
	watching.Forest = nil
	config := detect.Default()
	config.Models = &watching
	e, err := detect.New(config, nil)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// windows are the features of every SLD that was asked for.
type windows map[string]feature.Vector

func (w windows) take(e *detect.Engine, name string, client netip.Addr) {
	var d detect.Decision
	e.Identify(detect.Query{Name: name, Client: client}, &d)
	if sum, ok := e.Summary(&d); ok {
		w[string(d.SLD())] = sum.Vector()
	}
}

// served sends the queries through ServeDNS, and dates them.
func served(t *testing.T, all []*exchange) windows {
	e := observer(t)
	var current *exchange
	n := &Notunnel{zones: []string{"."}, shared: alone(e), Next: plugin.HandlerFunc(
		func(_ context.Context, w dns.ResponseWriter, _ *dns.Msg) (int, error) {
			if current.reply == nil {
				return dns.RcodeSuccess, nil // never answered
			}
			return dns.RcodeSuccess, w.WriteMsg(current.reply)
		})}
	w := &asking{from: net.UDPAddrFromAddrPort(sampleClient)}
	for _, current = range all {
		current.at = time.Now()
		if _, err := n.ServeDNS(context.Background(), w, current.query); err != nil {
			t.Fatal(err)
		}
	}
	found := windows{}
	for _, x := range all {
		found.take(e, x.query.Question[0].Name, sampleClient.Addr())
	}
	return found
}

// asking is a writer whose queries come from a given address.
type asking struct {
	test.ResponseWriter
	from net.Addr
}

func (a *asking) RemoteAddr() net.Addr { return a.from }

// observed replays what was recorded.
func observed(t *testing.T, content []byte) windows {
	r := &replayer{engine: observer(t), found: windows{}}
	stats, err := capture.ReadFrom(bytes.NewReader(content), "sample", r)
	if err != nil || stats != (capture.Stats{}) {
		t.Fatalf("%+v, %v", stats, err)
	}
	for _, name := range r.names {
		r.found.take(r.engine, name, sampleClient.Addr())
	}
	return r.found
}

type replayer struct {
	engine *detect.Engine
	names  []string
	found  windows
}

func (r *replayer) Query(q *capture.Query) error {
	var d detect.Decision
	r.engine.Query(detect.Query{Name: q.Name, Type: q.Type, Client: q.Client, At: q.At}, &d)
	q.Data = d.Ticket
	r.names = append(r.names, q.Name)
	return nil
}

func (r *replayer) Reply(q *capture.Query, m *dns.Msg) error {
	r.engine.Reply(q.Data.(detect.Ticket), m, time.Time{})
	return nil
}

// asCapture writes the exchanges as a capture, each reply after its query.
func asCapture(t *testing.T, all []*exchange) []byte {
	var buf bytes.Buffer
	w := pcapgo.NewWriterNanos(&buf)
	if err := w.WriteFileHeader(1<<16, layers.LinkTypeRaw); err != nil {
		t.Fatal(err)
	}
	server := netip.MustParseAddrPort("192.0.2.53:53")
	write := func(at time.Time, from, to netip.AddrPort, m *dns.Msg) {
		wire, err := m.Pack()
		if err != nil {
			t.Fatal(err)
		}
		packet := gopacket.NewSerializeBuffer()
		if err := gopacket.SerializeLayers(packet, gopacket.SerializeOptions{FixLengths: true},
			&layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: from.Addr().AsSlice(), DstIP: to.Addr().AsSlice()},
			&layers.UDP{SrcPort: layers.UDPPort(from.Port()), DstPort: layers.UDPPort(to.Port())},
			gopacket.Payload(wire)); err != nil {
			t.Fatal(err)
		}
		size := len(packet.Bytes())
		if err := w.WritePacket(gopacket.CaptureInfo{Timestamp: at, CaptureLength: size, Length: size}, packet.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	for _, x := range all {
		write(x.at, sampleClient, server, x.query)
		if x.reply != nil {
			write(x.at, server, sampleClient, x.reply)
		}
	}
	return buf.Bytes()
}

// asLog writes the exchanges as a DNS log.
func asLog(t *testing.T, all []*exchange) []byte {
	var buf bytes.Buffer
	for _, x := range all {
		q := x.query.Question[0]
		rcode, answers := "-", []byte("-")
		if x.reply != nil {
			records := [][2]any{}
			for _, rr := range x.reply.Answer {
				records = append(records, [2]any{presented(t, rr, q.Qtype), rr.Header().Ttl})
			}
			var err error
			rcode = dns.RcodeToString[x.reply.Rcode]
			if answers, err = json.Marshal(records); err != nil {
				t.Fatal(err)
			}
		}
		fmt.Fprintf(&buf, "%d.%09d\t%s\t%s\t%d\t%s\t%s\n", x.at.Unix(), x.at.Nanosecond(), sampleClient.Addr(), q.Name, q.Qtype, rcode, answers)
	}
	return buf.Bytes()
}

// presented is rdata in the log's form.
func presented(t *testing.T, rr dns.RR, qtype uint16) string {
	text := strings.TrimPrefix(rr.String(), rr.Header().String())
	if null, ok := rr.(*dns.NULL); ok {
		text = fmt.Sprintf(`\# %d %s`, len(null.Data), hex.EncodeToString([]byte(null.Data)))
	}
	if rr.Header().Rrtype != qtype {
		text = dns.Type(rr.Header().Rrtype).String() + " " + text
	}
	return text
}
