package capture

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// record is a visitor that writes down what it is told.
type record struct {
	lines []string
	fail  error // returned from the next query
}

func (r *record) Query(q *Query) error {
	if q.Data != nil {
		return errors.New("a query came twice")
	}
	q.Data = true
	r.lines = append(r.lines, fmt.Sprintf("? %s %s %s", q.Client, q.Name, dns.Type(q.Type)))
	return r.fail
}

func (r *record) Reply(q *Query, m *dns.Msg) error {
	if q.Data == nil {
		return errors.New("a reply came before its query")
	}
	line := fmt.Sprintf("! %s %s", q.Name, dns.RcodeToString[m.Rcode])
	for _, rr := range m.Answer {
		line += " | " + strings.Join(strings.Fields(strings.TrimPrefix(rr.String(), rr.Header().String())), " ")
	}
	r.lines = append(r.lines, line)
	return nil
}

// read reads content as a file called "f" and returns what was told.
func read(t *testing.T, content []byte) ([]string, Stats) {
	t.Helper()
	var r record
	stats, err := ReadFrom(bytes.NewReader(content), "f", &r)
	if err != nil {
		t.Fatal(err)
	}
	return r.lines, stats
}

func want(t *testing.T, got []string, lines ...string) {
	t.Helper()
	if !slices.Equal(got, lines) {
		t.Errorf("told\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(lines, "\n\t"))
	}
}

func zipped(content []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(content)
	z.Close()
	return b.Bytes()
}

const logged1 = "1700000000.5\t192.0.2.1\ta.example.net\t1\t0\t[[\"192.0.2.9\", 60]]\tx\n"

func TestGzipAndFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.gz")
	if err := os.WriteFile(path, zipped([]byte(logged1)), 0o600); err != nil {
		t.Fatal(err)
	}
	var r record
	if _, err := Read(path, &r); err != nil {
		t.Fatal(err)
	}
	want(t, r.lines, "? 192.0.2.1 a.example.net A", "! a.example.net NOERROR | 192.0.2.9")
	if _, err := Read(path+".none", &r); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

// A cut goes through a gzip stream and through the packet in it, but is one.
func TestGzipCutShort(t *testing.T) {
	dump := newDump(t, ethernet)
	for i := range 500 {
		dump.udp(client, server, query(t, uint16(i), fmt.Sprintf("host%d.example.net.", i*i), dns.TypeA))
	}
	q := query(t, 1, "a.example.net.", dns.TypeA)
	for name, content := range map[string][]byte{
		"log":    []byte(strings.Repeat(logged1, 5000)),
		"pcap":   dump.bytes(),
		"dnstap": tapped(t, q, reply(t, 1, "a.example.net.", dns.TypeTXT, "TXT abcdefghijklmnop")),
	} {
		content = zipped(content)
		lines, stats := read(t, content[:len(content)-20])
		if len(lines) == 0 || stats.Truncated.N != 1 {
			t.Errorf("%s: %d lines, %+v: want the lines before the cut, and one defect", name, len(lines), stats)
		}
	}
}

func TestErrorsNameFileAndLine(t *testing.T) {
	zeek := "#separator \\x09\n#fields\tts\tid.orig_h\tquery\tqtype\trcode\tanswers\n"
	for name, c := range map[string]struct{ content, want string }{
		"empty":           {"", "f: the file is empty"},
		"empty lines":     {"\n\r\n\n", "f: nothing but empty lines"},
		"unknown":         {"hello, world\n", `f:1: in no known form: "hello, world"`},
		"binary":          {"\x7fELF\x02\x01\x00\x00\x00\x00", "f: neither a capture nor a text"},
		"columns":         {"ts\tx\tx\tx\tx\tx\n1\t2\t3\n", "f:2: notunnel TSV: 3 columns"},
		"time":            {"\n" + strings.Replace(logged1, "1700000000.5", "noon", 1), `f:2: notunnel TSV: time "noon"`},
		"client":          {strings.Replace(logged1, "192.0.2.1", "bob", 1), `f:1: notunnel TSV: client "bob"`},
		"type":            {strings.Replace(logged1, "\t1\t0", "\tFOO\t0", 1), `f:1: notunnel TSV: record type "FOO"`},
		"rcode":           {strings.Replace(logged1, "\t1\t0", "\t1\tFINE", 1), `f:1: notunnel TSV: rcode "FINE"`},
		"answers":         {strings.Replace(logged1, "[[", "[", 1), "f:1: notunnel TSV: answers"},
		"answer form":     {strings.Replace(logged1, `"192.0.2.9", 60`, `"192.0.2.9"`, 1), "f:1: notunnel TSV: answers: a list of"},
		"json":            {"{\"query\":\n", "f:1: Zeek JSON: unexpected end"},
		"json of another": {"{\"uid\":\"x\"}\n", "f:1: in no known form"},
		"json of Zeek":    {"{\"id.orig_h\":\"::1\"}\n", "f:1: Zeek JSON: not an entry of Zeek's dns.log"},
		"json client":     {`{"query":"a","id.orig_h":"bob"}`, "f:1: Zeek JSON: id.orig_h"},
		"zeek of another": {"#separator \\x09\n#fields\tts\tuid\n", "f:2: Zeek dns.log: not Zeek's dns.log: #fields lacks query"},
		"zeek columns":    {zeek + "1\t192.0.2.1\ta.com\n", "f:3: Zeek dns.log: 3 columns, 6 wanted"},
		"zeek type":       {zeek + "1\t192.0.2.1\ta.com\tA\t0\t-\n", "f:3: Zeek dns.log: qtype"},
		"zeek no fields":  {"#separator \\x09\n1\t2\n", "f:2: Zeek dns.log: no #fields before it"},
		"pcap head":       {"\xd4\xc3\xb2\xa1\x02\x00", "f: "},
		"gzip":            {"\x1f\x8b\x00", "f: gzip: "},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadFrom(strings.NewReader(c.content), "f", &record{})
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func TestVisitorEndsReading(t *testing.T) {
	stop := errors.New("enough")
	dump := newDump(t, ethernet)
	dump.udp(client, server, query(t, 1, "a.example.net.", dns.TypeA))
	for name, content := range map[string][]byte{"log": []byte(logged1 + logged1), "pcap": dump.bytes()} {
		r := record{fail: stop}
		if _, err := ReadFrom(bytes.NewReader(content), "f", &r); !errors.Is(err, stop) || len(r.lines) != 1 {
			t.Errorf("%s: error %v after %q", name, err, r.lines)
		}
	}
}
