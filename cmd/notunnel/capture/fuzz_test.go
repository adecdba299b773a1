package capture

import (
	"bytes"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// frugal is a visitor that fails when a file tells more than it can hold: no
// query has fewer than a byte of its own. A packed file may hold more.
type frugal struct {
	t    *testing.T
	told int
}

func (f *frugal) Query(q *Query) error {
	if q.Name == "" {
		f.t.Error("a query without a name")
	}
	f.told++
	return nil
}

func (f *frugal) Reply(q *Query, m *dns.Msg) error {
	if q == nil || m == nil {
		f.t.Error("a reply to nothing")
	}
	return nil
}

// seeds are files of every form, small ones.
func seeds(f *testing.F) {
	for _, name := range sampleNames(f) {
		content := sample(f, name)
		f.Add(content[:bytes.IndexByte(content[len(content)/2:], '\n')+len(content)/2+1])
	}
	for _, line := range []string{
		logged1,
		"{\"query\":\"a\",\"answers\":[\"TXT 3 abc\"]}\n",
		`{"ts":"2026-01-02T03:04:05.678Z","id":{"orig_h":"::1"},"_path":"dns","query":"a","qtype_name":"A","rcode":0}` + "\n",
		"#separator \\x09\n#fields\tts\tid.orig_h\tquery\tqtype\trcode\tanswers\n1\t::1\ta\\x00.b\t16\t0\tTXT 2 ab\n",
		`{"timestamp":"2026-01-02T03:04:05.678901+0100","event_type":"dns","src_ip":"192.0.2.1","src_port":4000,"dest_port":53,"dns":{"type":"query","id":7,"rrname":"a","rrtype":"A"}}` + "\n" +
			`{"timestamp":"2026-01-02T03:04:05.678901+0100","event_type":"dns","src_ip":"192.0.2.1","src_port":4000,"dest_port":53,"dns":{"type":"answer","id":7,"rcode":"NOERROR","rrname":"a","rrtype":"A","rdata":"192.0.2.9"}}` + "\n",
		`{"T":"2026-01-02T03:04:05.678901+01:00","QH":"a","QT":"A","IP":"192.0.2.1","Answer":"AAeBgAABAAAAAAAAAWEAAAEAAQ=="}` + "\n",
		`{"state":"success","question":[{"type":1,"name":"a"}],"answer":[{"raw":"AWEAAAEAAQAAADwABMAAAgk="}]}` + "\n",
		"Feb  3 04:05:06 laptop systemd-resolved[7]: Looking up RR for a.example IN A.\n",
		"3/7/2023 2:10:11 PM 0E6C PACKET  000000000624C5C0 UDP Snd 192.0.2.1       5c3f R Q [8081   DR  NXDOMAIN] A      (3)www(7)example(3)net(0)\n",
		`{"log":"[INFO] [::1]:4000 - 7 \"A IN a. udp 56 false 1232\" NOERROR qr 64 0.1s\n","stream":"stdout","time":"2026-01-02T03:04:05Z"}` + "\n",
		`{"MESSAGE":[99,108],"__REALTIME_TIMESTAMP":"1700000000000000"}` + "\n",
		`<30>1 2026-01-02T03:04:05Z ns1 named 7 - [x y="]"] client ::1#7: query: a IN A +` + "\n",
		"[pod/a/b] 2026-01-02T03:04:05Z stdout F a-1  | dnsmasq: 7 UDP ::1/7 query[type=65] a b from ::1\n",
	} {
		f.Add([]byte(line))
	}
	for _, link := range []linkType{ethernet, vlan, cooked, cooked2, rawIP, loopback} {
		d := newDump(f, link)
		d.udp(client, server, query(f, 1, "a.example.net.", dns.TypeA))
		d.fragments(server, client, reply(f, 1, "a.example.net.", dns.TypeTXT, "TXT "+strings.Repeat("abcdefgh ", 100)))
		d.tcp(client, server, 7, false, framed(query(f, 1, "a.example.net.", dns.TypeA)))
		d.tcp(client, server, 999, false, framed(query(f, 2, "b.example.net.", dns.TypeA)))
		f.Add(d.bytes())
	}
	f.Add(tapped(f, query(f, 1, "a.example.net.", dns.TypeA), nil))
	for _, name := range []string{"gzip", "xz", "zstd", "lz4"} {
		f.Add(packedBy(f, name, []byte(logged1)))
	}
}

// FuzzReadFrom looks for a panic, an endless loop, and growth, in any form.
func FuzzReadFrom(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, content []byte) {
		v := &frugal{t: t}
		stats, err := ReadFrom(bytes.NewReader(content), "f", v)
		for _, p := range packings {
			if bytes.HasPrefix(content, []byte(p.magic)) {
				return
			}
		}
		if v.told > len(content) {
			t.Errorf("%d queries of %d bytes", v.told, len(content))
		}
		if err == nil && v.told == 0 && stats.Malformed.N > 0 && stats.Malformed.First == "" {
			t.Error("a defect that is not described")
		}
	})
}

// FuzzColumns does so with columns of the reader's own.
func FuzzColumns(f *testing.F) {
	seeds(f)
	f.Add([]byte("time,client,name,type\n1700000000,192.0.2.1,\"a\"\"b\",A\n"))
	f.Add([]byte(`{"time":"2026-01-02 03:04:05","client":{"name":["a"]},"name":"b"}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, of := range []map[string]string{{"name": "name", "time": "time", "client": "client", "type": "type"}, {"name": "client.name.0"}, {"name": "2", "time": "1"}} {
			columns, err := NewColumns(of)
			if err != nil {
				t.Fatal(err)
			}
			v := &frugal{t: t}
			if _, err := (Options{Columns: columns}).Visit(bytes.NewReader(content), "f", v); err == nil && v.told > len(content)+1 && !bytes.HasPrefix(content, []byte("\x1f\x8b")) {
				t.Errorf("%d queries of %d bytes", v.told, len(content))
			}
		}
	})
}

// FuzzStamp looks for a panic, and for a time that is longer than its text.
func FuzzStamp(f *testing.F) {
	for _, s := range []string{"2026-01-02T03:04:05.678+01:00", "Feb  3 04:05:06 ", "02-Jan-2026 03:04:05.678", "Tue 2026-02-03 04:05:06 CET x", "[1700000000.5] x", "1700000000.5 x"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, s []byte) {
		if at, n := newCalendar(Options{}, &Stats{}).stamp(s); n < 0 || n > len(s) || n > 0 && at.IsZero() && s[0] != '0' {
			t.Errorf("%q: %v of %d bytes", s, at, n)
		}
	})
}

// FuzzRdata looks for a panic in what logs say of records.
func FuzzRdata(f *testing.F) {
	f.Add("TXT 3 abc TXT 1 d", uint16(dns.TypeTXT))
	f.Add(`\# 4 00 01 0203`, uint16(65399))
	f.Add("10 a.b.", uint16(dns.TypeMX))
	f.Fuzz(func(t *testing.T, s string, qtype uint16) {
		if parseRdata(s, qtype) == nil {
			t.Error("no record")
		}
	})
}
