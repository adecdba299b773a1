package capture

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sample is a file that a real program wrote when it was asked for fourteen
// names, some of them with bytes that need escapes.
func sample(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func sampleNames(t testing.TB) (names []string) {
	t.Helper()
	entries, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	if len(names) < 7 {
		t.Fatalf("samples are missing: %v", names)
	}
	return names
}

// queries are what was told of queries alone, without the dots at their ends.
func queries(told []string) (all []string) {
	for _, line := range told {
		if strings.HasPrefix(line, "? ") {
			words := strings.Fields(strings.TrimPrefix(line, "? "))
			words[len(words)-2] = strings.TrimSuffix(words[len(words)-2], ".")
			all = append(all, strings.Join(words, " "))
		}
	}
	return all
}

func TestSamples(t *testing.T) {
	replies := map[string]string{ // of the second, third and fourth query
		"unbound": "NOERROR NXDOMAIN NOERROR", "coredns": "NOERROR NXDOMAIN NOERROR",
		"dnsmasq": "NOERROR|2001:db8::9 NXDOMAIN NOERROR|web.example.net.|192.0.2.9|192.0.2.9",
	}
	for _, name := range sampleNames(t) {
		t.Run(name, func(t *testing.T) {
			program, _, _ := strings.Cut(name, "-")
			www, strange, slash := "WwW.example.net", []string{`sp\032ace\.dot\255x.example.net`}, `back\\slash.example.net`
			switch program {
			case "coredns":
				www, strange = "www.example.net", []string{`sp\`, `ace\.dot\255x.example.net`}
			case "dnsmasq":
				strange = nil // it does not print the name
			case "unbound":
				strange, slash = []string{"sp?ace?dot?x.example.net"}, "back?slash.example.net"
			}
			told, stats := read(t, sample(t, name))
			got := queries(told)
			want := []string{
				"127.0.0.1 www.example.net A", "127.0.0.1 " + www + " AAAA", "127.0.0.1 nx1.example.net A", "127.0.0.1 alias.example.net A",
				"127.0.0.1 txt.example.net TXT", "127.0.0.1 t65.example.net HTTPS", "127.0.0.1 t65399.example.net TYPE65399", "127.0.0.1 a_b-c.example.net MX",
			}
			if strange != nil {
				want = append(want, "127.0.0.1 "+strings.Join(strange, " ")+" A")
			}
			want = append(want, "127.0.0.1 "+slash+" A")
			if len(got) != len(want)+4 || !slices.Equal(got[:len(want)], want) || !strings.HasPrefix(got[len(got)-1], "127.0.0.1 tcp.example.net A") {
				t.Errorf("told\n\t%s\nwant\n\t%s\nand four more", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
			}
			if stats.Malformed.N > 0 || stats.Truncated.N > 0 {
				t.Errorf("defects: %+v", stats)
			}
			var answers []string
			for _, line := range told {
				if _, reply, ok := strings.Cut(line, "! "); ok {
					_, reply, _ = strings.Cut(reply, " ")
					answers = append(answers, strings.ReplaceAll(strings.ReplaceAll(reply, " | ", "|"), "net|", "net.|"))
				}
			}
			if want := replies[program]; want != "" && strings.Join(answers[1:4], " ") != want {
				t.Errorf("replies %q, want %q", answers[1:4], want)
			}
		})
	}
}

// A text that is cut somewhere tells what it told before, and no more: what is
// left of the last line is no query of its own.
func TestTextsCutAnywhere(t *testing.T) {
	for _, name := range sampleNames(t) {
		content := sample(t, name)
		told, _ := read(t, content)
		whole := queries(told)
		for n := 1; n < len(content); n++ {
			var r record
			stats, err := Options{}.Visit(bytes.NewReader(content[:n]), "f", &r)
			got := queries(r.lines)
			if len(got) > len(whole) || !slices.Equal(got, whole[:len(got)]) {
				t.Fatalf("%s cut at %d:\n\t%s", name, n, strings.Join(got, "\n\t"))
			}
			if stats.Truncated.N > 1 || stats.Malformed.N > 0 || err != nil && len(got) > 0 {
				t.Fatalf("%s cut at %d: %+v, %v", name, n, stats, err)
			}
		}
	}
}

// Lines of no form cost themselves alone, whatever stands in them and wherever
// they stand.
func TestLinesOfNoForm(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for _, name := range sampleNames(t) {
		content := sample(t, name)
		want, _ := read(t, content)
		for range 20 {
			var mixed bytes.Buffer
			strange := 0
			mixed.WriteString("Lorem ipsum dolor sit amet\n")
			for line := range bytes.Lines(content) {
				if random.IntN(4) == 0 {
					strange++
					noise := make([]byte, 1+random.IntN(200))
					for i := range noise {
						noise[i] = byte(random.Uint32())
					}
					mixed.Write(bytes.ReplaceAll(noise, []byte("\n"), []byte{' '}))
					mixed.WriteByte('\n')
				}
				mixed.Write(line)
			}
			if got, stats := read(t, mixed.Bytes()); !slices.Equal(got, want) {
				t.Fatalf("%s with %d strange lines, %+v:\n\t%s", name, strange, stats, strings.Join(got, "\n\t"))
			}
		}
	}
}

// Files that were put together tell what each of them does, in one file or in
// any order.
func TestFormsPutTogether(t *testing.T) {
	var all []byte
	var want []string
	for _, name := range sampleNames(t) {
		told, _ := read(t, sample(t, name))
		want = append(want, queries(told)...)
		all = append(all, sample(t, name)...)
	}
	if got, stats := read(t, all); !slices.Equal(queries(got), want) {
		t.Errorf("%d queries, want %d; %+v", len(queries(got)), len(want), stats)
	}
}

// A line of any length is read in bounded memory, and costs itself alone.
func TestLongLines(t *testing.T) {
	long := strings.Repeat("x", longest+1)
	for _, content := range []string{logged1 + long + "\n" + logged1, logged1 + "{" + long + "}\n" + logged1} {
		lines, stats := read(t, []byte(content))
		if len(lines) != 4 || stats.Malformed.N != 1 || !strings.HasPrefix(stats.Malformed.First, "line 2: longer than") {
			t.Errorf("%q, %+v", lines, stats)
		}
	}
	fits := strings.Replace(logged1, "a.example.net", strings.Repeat("a", 1<<20), 1)
	if lines, stats := read(t, []byte(fits+logged1)); len(lines) != 4 || stats.Malformed.N != 0 {
		t.Errorf("%d lines, %+v", len(lines), stats)
	}
}

// Lines of all forms are told apart in any order: what the line before was decides
// nothing.
func TestFormsInterleaved(t *testing.T) {
	random := rand.New(rand.NewPCG(13, 14))
	lines := []struct{ text, told string }{
		{logged1, "192.0.2.1 a.example.net A"},
		{`{"ts":1700000000,"id.orig_h":"192.0.2.1","query":"zeek.example.net","qtype":1}` + "\n", "192.0.2.1 zeek.example.net A"},
		{`{"timestamp":"2026-01-02T03:04:05.678901+0100","event_type":"dns","src_ip":"192.0.2.1","src_port":4000,"dest_port":53,"dns":{"type":"query","id":7,"rrname":"eve.example.net","rrtype":"A"}}` + "\n", "192.0.2.1 eve.example.net A"},
		{`{"T":"2026-01-02T03:04:05.678901+01:00","QH":"adguard.example.net","QT":"A","IP":"192.0.2.1"}` + "\n", "192.0.2.1 adguard.example.net A"},
		{`{"time":"2026-01-02T03:04:05Z","level":"INFO","msg":"x","plugin":"log","client_ip":"192.0.2.1","qname":"corejson.example.net.","qtype":"A"}` + "\n", "192.0.2.1 corejson.example.net A"},
		{`{"state":"success","question":[{"type":1,"name":"monitor.example.net"}]}` + "\n", "invalid IP monitor.example.net A"},
		{"Feb  3 04:05:06 laptop systemd-resolved[7]: Looking up RR for resolved.example.net IN A.\n", "invalid IP resolved.example.net A"},
		{"Feb  3 04:05:06 ns1 named[7]: client @0x7f 192.0.2.1#7 (bind.example.net): query: bind.example.net IN A +E(0)K (192.0.2.53)\n", "192.0.2.1 bind.example.net A"},
		{"Feb  3 04:05:06 ns1 unbound: [7:0] info: 192.0.2.1 unbound.example.net. A IN\n", "192.0.2.1 unbound.example.net A"},
		{"Feb  3 04:05:06 dnsmasq[7]: query[A] dnsmasq.example.net from 192.0.2.1\n", "192.0.2.1 dnsmasq.example.net A"},
		{"Tue Feb  3 04:05:06 2026 daemon.info dnsmasq[7]: 7 192.0.2.1/4000 query[A] openwrt.example.net from 192.0.2.1\n", "192.0.2.1 openwrt.example.net A"},
		{"[1700000000] resolver-a[7:0] info: 192.0.2.1 identity.example.net. A IN\n", "192.0.2.1 identity.example.net A"},
		{"[1700000000] resolver-a[7:0] reply: 192.0.2.1 reply.example.net. A IN NXDOMAIN 0.1 0 60 on udp 192.0.2.53\n", "192.0.2.1 reply.example.net A"},
		{"2026-02-03T04:05:06+0100 laptop systemd-resolved[7]: Looking up bypass packet for bypass.example.net IN A.\n", "invalid IP bypass.example.net A"},
		{"query[A] bare.example.net from 192.0.2.1\n", "192.0.2.1 bare.example.net A"},
		{`coredns-1  | [INFO] 192.0.2.1:4000 - 7 "A IN core.example.net. udp 56 false 1232" NOERROR qr 64 0.1s` + "\n", "192.0.2.1 core.example.net A"},
		{"2023-07-13 14:10:11 0E6C PACKET  000000000624C5C0 UDP Rcv 192.0.2.1       5c3f   Q [0001   D   NOERROR] A      (7)windows(7)example(3)net(0)\n", "192.0.2.1 windows.example.net A"},
	}
	for range 300 {
		random.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		var content string
		var want []string
		for _, line := range lines {
			content += line.text
			want = append(want, line.told)
		}
		told, stats := read(t, []byte(content))
		if got := queries(told); !slices.Equal(got, want) || stats.Malformed.N > 0 || stats.Skipped != nil {
			t.Fatalf("%s\ntold\n\t%s\n%+v", content, strings.Join(got, "\n\t"), stats)
		}
	}
}
