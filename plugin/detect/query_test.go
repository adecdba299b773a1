package detect

import (
	"testing"

	"github.com/miekg/dns"
)

func TestCarries(t *testing.T) {
	for name, want := range map[string]bool{
		"A": false, "AAAA": false, "HTTPS": false, "SVCB": false, "PTR": false, "NS": false, "SOA": false,
		"DS": false, "DNSKEY": false, "CAA": false,
		"TXT": true, "NULL": true, "CNAME": true, "MX": true, "SRV": true, "KEY": true, "ANY": true, "NAPTR": true,
	} {
		qtype, ok := dns.StringToType[name]
		if !ok {
			t.Fatalf("no type %s", name)
		}
		if got := carries(qtype); got != want {
			t.Errorf("carries(%s) = %v", name, got)
		}
	}
	if !carries(65399) {
		t.Error("an unknown type does not carry data")
	}
}

func TestService(t *testing.T) {
	for prefix, want := range map[string]bool{
		"_imaps._tcp": true, "s1._domainkey": true, "_dmarc": true, "a.b._c": true,
		"": false, "www": false, "a_b.c": false, "www_.x_": false, ".": false,
	} {
		if got := service([]byte(prefix)); got != want {
			t.Errorf("service(%q) = %v", prefix, got)
		}
	}
}

func TestEscape(t *testing.T) {
	for name, want := range map[string]string{
		"":                  "",
		"www.example.com":   "www.example.com",
		"a b":               `a\032b`,
		"new\nline":         `new\010line`,
		"\x00\x7f\x80\xff":  `\000\127\128\255`,
		`back\slash"quote"`: `back\092slash\034quote\034`,
		"sld=x":             `sld\061x`,
		"bücher":            `b\195\188cher`,
		"~!{}":              "~!{}",
	} {
		if got := Escape([]byte(name)); got != want {
			t.Errorf("Escape(%q) = %s, want %s", name, got, want)
		}
	}
}

func TestParseNetwork(t *testing.T) {
	for text, want := range map[string]string{
		"10.0.0.0/8":            "10.0.0.0/8",
		"10.1.2.3/8":            "10.0.0.0/8",
		"0.0.0.0/0":             "0.0.0.0/0",
		"192.0.2.1":             "192.0.2.1/32",
		"2001:db8::1":           "2001:db8::1/128",
		"2001:db8::1/32":        "2001:db8::/32",
		"::/0":                  "::/0",
		"::ffff:192.0.2.1":      "192.0.2.1/32",
		"::ffff:10.0.0.0/104":   "10.0.0.0/8",
		"::ffff:192.0.2.77/120": "192.0.2.0/24",
		"::ffff:0.0.0.0/96":     "0.0.0.0/0",

		"":                    "",
		"example.com":         "",
		"10.0.0.0/33":         "",
		"10.0.0":              "",
		"10.0.0.1:53":         "",
		"fe80::1%eth0":        "",
		"fe80::%eth0/64":      "",
		"::ffff:10.0.0.0/95":  "",
		"::ffff:10.0.0.0/129": "",
	} {
		got, err := ParseNetwork(text)
		if want == "" && err == nil {
			t.Errorf("%q is %v, want an error", text, got)
		}
		if want != "" && (err != nil || got.String() != want) {
			t.Errorf("%q is %v, error %v; want %s", text, got, err, want)
		}
	}
}
