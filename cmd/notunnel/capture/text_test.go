package capture

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

func TestLog(t *testing.T) {
	lines, _ := read(t, []byte(strings.Join([]string{
		"ts\tclient\tqname\tqtype\trcode\tanswers\tsource",
		"1700000000.25\t2001:db8::1\ta.example.net\tAAAA\tNXDOMAIN\t[]\tx",
		"-\t-\tb.example.net\t65399\t0+TC\t-",
		"-\t-\tc.example.net\tTYPE65399\t-\t[]\r",
		"",
		"-\t-\t-\t1\t0\t[]",
		"-\t-\t\t2\t0\t[[\"a.root-servers.net.\", -1]]",
		"-\t-\td\xe9.example.net\t-\t-\t-",
	}, "\n")))
	want(t, lines,
		"? 2001:db8::1 a.example.net AAAA", "! a.example.net NXDOMAIN",
		"? invalid IP b.example.net TYPE65399", "! b.example.net NOERROR",
		"? invalid IP c.example.net TYPE65399",
		"? invalid IP . NS", "! . NOERROR | a.root-servers.net.",
		"? invalid IP d\xe9.example.net None")
}

// Every form that a source gives rdata in comes to what the wire would have.
func TestRdataForms(t *testing.T) {
	wire := func(qtype uint16, rdata string) string {
		rr := fromWire(qtype, []byte(rdata))
		return fmt.Sprintf("%T %s", rr, rr)
	}
	for _, c := range []struct {
		text  string
		qtype uint16
		want  string
	}{
		{"192.0.2.1", dns.TypeA, wire(dns.TypeA, "\xc0\x00\x02\x01")},
		{"2001:db8::", dns.TypeA, wire(dns.TypeAAAA, "\x20\x01\x0d\xb8"+strings.Repeat("\x00", 12))},
		{"a.b.", dns.TypeA, wire(dns.TypeCNAME, "\x01a\x01b\x00")},
		{"CNAME a.b.", dns.TypeA, wire(dns.TypeCNAME, "\x01a\x01b\x00")},
		{`a\001b.c.`, dns.TypeCNAME, wire(dns.TypeCNAME, "\x03a\x01b\x01c\x00")},
		{"10 a.b.", dns.TypeMX, wire(dns.TypeMX, "\x00\x00\x01a\x01b\x00")},
		{"a.b.", dns.TypeMX, wire(dns.TypeMX, "\x00\x00\x01a\x01b\x00")},
		{"MX 10 a.b.", dns.TypeA, wire(dns.TypeMX, "\x00\x00\x01a\x01b\x00")},
		{"0 0 5060 a.b.", dns.TypeSRV, wire(dns.TypeSRV, "\x00\x00\x00\x00\x13\xc4\x01a\x01b\x00")},
		{`"ab" "c"`, dns.TypeTXT, wire(dns.TypeTXT, "\x02ab\x01c")},
		{`"a\"b\092"`, dns.TypeTXT, wire(dns.TypeTXT, "\x04a\"b\\")},
		{"567a01", dns.TypeTXT, wire(dns.TypeTXT, "\x06567a01")},
		{"A record of mine", dns.TypeTXT, wire(dns.TypeTXT, "\x10A record of mine")},
		{"TXT 4 ab c TXT 1 d", dns.TypeTXT, wire(dns.TypeTXT, "\x05ab cd")},
		{`\# 3 026162`, dns.TypeTXT, wire(dns.TypeTXT, "\x02ab")},
		{`\# 3 026162`, dns.TypeNULL, wire(dns.TypeNULL, "\x02ab")},
		{"026162", dns.TypeNULL, wire(dns.TypeNULL, "\x02ab")},
		{`\# 4 00 01 0203`, 65399, wire(65399, "\x00\x01\x02\x03")},
		{"00010203", 65399, wire(65399, "\x00\x01\x02\x03")},
		{"TYPE65399 00010203", dns.TypeA, wire(65399, "\x00\x01\x02\x03")},
		{"256 3 13 AQID", dns.TypeKEY, wire(dns.TypeKEY, "\x01\x00\x03\x0d\x01\x02\x03")},
		{"no such form", dns.TypeNULL, wire(dns.TypeNULL, "no such form")},
	} {
		got := parseRdata(c.text, c.qtype)
		if raw, ok := got.(*dns.RFC3597); ok { // of a known type: what the wire would have made of it
			data, _ := hex.DecodeString(raw.Rdata)
			got = fromWire(raw.Hdr.Rrtype, data)
		}
		text := fmt.Sprintf("%T %s", got, got)
		if mx, ok := got.(*dns.MX); ok { // the preference is not kept
			mx.Preference = 0
			text = fmt.Sprintf("%T %s", mx, mx)
		}
		if srv, ok := got.(*dns.SRV); ok {
			text = fmt.Sprintf("%T %s", srv, srv)
		}
		if strings.Fields(text)[0] != strings.Fields(c.want)[0] || lastField(text) != lastField(c.want) {
			t.Errorf("%s %q is\n\t%s\nwant\n\t%s", dns.Type(c.qtype), c.text, text, c.want)
		}
	}
}

// lastField is the rdata of a printed record: what stands behind its type.
func lastField(s string) string { return s[strings.LastIndexByte(s, '\t')+1:] }

func TestRawBytesInAnswers(t *testing.T) {
	for _, answers := range []string{"[[\"a\xe9.b\",1]]", `[["a\u00e9.b",1]]`, `[["a\\233.b",1]]`} {
		m, err := parseReply("0", answers, dns.TypeCNAME)
		if err != nil {
			t.Fatal(err)
		}
		target := m.Answer[0].(*dns.CNAME).Target
		if target != "a\xe9.b" && target != `a\233.b` {
			t.Errorf("%s: %q", answers, target)
		}
	}
}

const zeekHead = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdns\n" +
	"#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\ttrans_id\tquery\tqtype\tqtype_name\trcode\trcode_name\tTC\tanswers\tTTLs\n" +
	"#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tcount\tstring\tcount\tstring\tcount\tstring\tbool\tvector[string]\tvector[interval]\n"

func TestZeek(t *testing.T) {
	entry := func(query, qtype, rcode, answers string) string {
		return "1700000000.5\tC1\t192.0.2.1\t4000\t192.0.2.53\t53\tudp\t7\t" + query + "\t" + qtype + "\t-\t" + rcode + "\t-\tF\t" + answers + "\t-\n"
	}
	lines, _ := read(t, []byte(zeekHead+
		entry("a.example.net", "1", "0", "b.example.net,192.0.2.9")+
		entry("a\\xe9\\\\.example.net", "16", "3", "-")+
		entry("c.example.net", "16", "0", "TXT 3 a\\x2cb")+
		entry("d.example.net", "1", "-", "(empty)")+
		entry("-", "-", "-", "-")+
		"#close\t2026-01-01-00-00-00\n"+zeekHead+
		entry("(empty)", "2", "0", "-")))
	want(t, lines,
		"? 192.0.2.1 a.example.net A", "! a.example.net NOERROR | b.example.net | 192.0.2.9",
		"? 192.0.2.1 a\xe9\\\\.example.net TXT", "! a\xe9\\\\.example.net NXDOMAIN",
		"? 192.0.2.1 c.example.net TXT", `! c.example.net NOERROR | "a,b"`,
		"? 192.0.2.1 d.example.net A",
		"? 192.0.2.1 . NS", "! . NOERROR")
}

func TestZeekJSON(t *testing.T) {
	lines, _ := read(t, []byte(`{"ts":1700000000.5,"id.orig_h":"192.0.2.1","trans_id":7,"query":"a.example.net","qtype":1,"rcode":0,"answers":["192.0.2.9"],"TC":false}
{"ts":"2026-01-02T03:04:05.678Z","id.orig_h":"192.0.2.1","query":"a\\xe9.example.net","qtype":16}
{"ts":1700000001,"id.orig_h":"192.0.2.1","trans_id":8}
`))
	want(t, lines,
		"? 192.0.2.1 a.example.net A", "! a.example.net NOERROR | 192.0.2.9",
		"? 192.0.2.1 a\xe9.example.net TXT")
}
