package main

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/cmd/notunnel/capture"
)

// BenchmarkPace compares what scanning a long record takes with what decoding it
// alone takes, and with tshark where it is installed, in turns on one file:
//
//	PACE_QUERIES=10000000 go test ./cmd/notunnel -run '^$' -bench Pace -benchtime 1x
//
// It reports seconds, their ratio, and the most memory that the heap held.
func BenchmarkPace(b *testing.B) {
	n := 200_000
	if s := os.Getenv("PACE_QUERIES"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			b.Fatal(err)
		}
	}
	for _, record := range []struct {
		name  string
		write func(b *testing.B, out io.Writer, n int)
	}{{"bind", paceBIND}, {"zeek", paceZeek}, {"pcap", pacePcap}} {
		b.Run(record.name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), record.name)
			f, err := os.Create(path)
			if err != nil {
				b.Fatal(err)
			}
			out := bufio.NewWriterSize(f, 1<<20)
			record.write(b, out, n)
			if err := out.Flush(); err != nil {
				b.Fatal(err)
			}
			info, err := f.Stat()
			if err != nil {
				b.Fatal(err)
			}
			f.Close()
			b.SetBytes(info.Size())
			b.ResetTimer()
			var decoding, scanning time.Duration
			most := uint64(0)
			for range b.N {
				decoding += took(b, func() error {
					_, err := capture.Read(path, idle{})
					return err
				})
				scanning += took(b, func() error {
					stop := heapWatch(&most)
					defer stop()
					return scan(scanOptions{json: true, replayOptions: replayOptions{window: time.Hour}}, []string{path}, io.Discard, io.Discard)
				})
			}
			b.ReportMetric(decoding.Seconds()/float64(b.N), "s-decoding")
			b.ReportMetric(scanning.Seconds()/float64(b.N), "s-scanning")
			b.ReportMetric(scanning.Seconds()/decoding.Seconds(), "x-decoding")
			b.ReportMetric(float64(most)/(1<<20), "MiB-heap")
			if tshark, err := exec.LookPath("tshark"); err == nil && record.name == "pcap" {
				b.ReportMetric(took(b, func() error {
					return exec.Command(tshark, "-n", "-r", path, "-q", "-z", "io,stat,0,dns.flags.response==0").Run()
				}).Seconds(), "s-tshark")
			}
		})
	}
}

func took(b *testing.B, work func() error) time.Duration {
	b.Helper()
	runtime.GC()
	begin := time.Now()
	if err := work(); err != nil {
		b.Fatal(err)
	}
	return time.Since(begin)
}

// heapWatch keeps the largest heap that it sees.
func heapWatch(most *uint64) (stop func()) {
	done, ended := make(chan bool), make(chan bool)
	go func() {
		defer close(ended)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			*most = max(*most, m.HeapAlloc)
			select {
			case <-done:
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}()
	return func() { close(done); <-ended }
}

// idle is a visitor that does nothing.
type idle struct{}

func (idle) Query(*capture.Query) error           { return nil }
func (idle) Reply(*capture.Query, *dns.Msg) error { return nil }

// pace is traffic of a network of 2,000 clients: each asks by Zipf's law for some
// hosts of 300 of the domains that many people use.
func pace(tb testing.TB, n int, tell func(at time.Time, client, name string)) {
	list, err := os.ReadFile("../../plugin/standing/slds.txt")
	if err != nil {
		tb.Fatal(err)
	}
	var slds []string
	for line := range strings.Lines(string(list)) {
		if sld, _, ok := strings.Cut(line, "\t"); ok && line[0] != '#' {
			slds = append(slds, sld)
		}
	}
	hosts := []string{"www", "api", "cdn", "static", "img", "login", "mail"}
	random := rand.New(rand.NewPCG(3, 4))
	popular := rand.NewZipf(random, 1.1, 4, 300)
	at := time.Unix(1_700_000_000, 0)
	for range n {
		at = at.Add(time.Millisecond)
		k, client := int(popular.Uint64()), random.IntN(2000)
		sld := slds[(k*k*31+client%50*977)%len(slds)]
		tell(at, fmt.Sprintf("10.1.%d.%d", client/200, client%200), hosts[(k+client)%len(hosts)]+"."+sld)
	}
}

func paceBIND(b *testing.B, out io.Writer, n int) {
	pace(b, n, func(at time.Time, client, name string) {
		fmt.Fprintf(out, "%s queries: info: client @0x7fa15e6e8098 %s#52142 (%s): view inside: query: %s IN A +E(0)K (10.0.0.53)\n", at.Format("02-Jan-2006 15:04:05.000"), client, name, name)
	})
}

func paceZeek(b *testing.B, out io.Writer, n int) {
	pace(b, n, func(at time.Time, client, name string) {
		fmt.Fprintf(out, `{"ts":%d.%06d,"uid":"C1","id.orig_h":"%s","id.orig_p":40000,"id.resp_h":"10.0.0.53","id.resp_p":53,"proto":"udp","trans_id":7,"query":"%s","qclass":1,"qclass_name":"C_INTERNET","qtype":1,"qtype_name":"A","rcode":0,"rcode_name":"NOERROR","AA":false,"TC":false,"RD":true,"RA":true,"Z":0,"answers":["198.51.100.7"],"TTLs":[60.0],"rejected":false}`+"\n", at.Unix(), at.Nanosecond()/1000, client, name)
	})
}

func pacePcap(b *testing.B, out io.Writer, n int) {
	w := pcapgo.NewWriter(out)
	if err := w.WriteFileHeader(65535, layers.LinkTypeRaw); err != nil {
		b.Fatal(err)
	}
	id := uint16(0)
	pace(b, n/2, func(at time.Time, client, name string) {
		id++
		e := exchanged{client: client, id: id, name: name, qtype: "A", rcode: "NOERROR", answer: "198.51.100.7"}
		for reply, wire := range [][]byte{wireQuery(b, e), wireReply(b, e)} {
			packet := packetOf(b, client, reply == 1, wire)
			if err := w.WritePacket(gopacket.CaptureInfo{Timestamp: at, CaptureLength: len(packet), Length: len(packet)}, packet); err != nil {
				b.Fatal(err)
			}
		}
	})
}
