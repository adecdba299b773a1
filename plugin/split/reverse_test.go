package split

import (
	"fmt"
	"strings"
	"testing"
)

func TestReverse(t *testing.T) {
	const v6 = "5.4.3.2.0.b.8.0.1.0.a.2.ip6.arpa" // a /48
	for _, c := range []struct {
		in, prefix, sld, second string
		class                   Class
	}{
		{"4.3.2.8.in-addr.arpa.", "4", "3.2.8.in-addr.arpa", "2.8.in-addr.arpa", Reverse},
		{"3.2.8.IN-ADDR.ARPA.", "", "3.2.8.in-addr.arpa", "2.8.in-addr.arpa", Reverse},
		{"8.in-addr.arpa.", "", "8.in-addr.arpa", "", Reverse},
		{"in-addr.arpa.", "", "in-addr.arpa", "", Judged},
		{"9.4.3.2.8.in-addr.arpa.", "9.4", "3.2.8.in-addr.arpa", "2.8.in-addr.arpa", Judged},
		{"4.0/25.3.2.8.in-addr.arpa.", "4.0/25", "3.2.8.in-addr.arpa", "2.8.in-addr.arpa", Judged},
		{"data.4.3.2.8.in-addr.arpa.", "data.4", "3.2.8.in-addr.arpa", "2.8.in-addr.arpa", Judged},
		{"some.data.3.2.8.in-addr.arpa.", "some.data", "3.2.8.in-addr.arpa", "2.8.in-addr.arpa", Judged},
		// Who holds a wider network puts any labels below it.
		{"some.data.2.8.in-addr.arpa.", "some.data", "2.8.in-addr.arpa", "2.8.in-addr.arpa", Judged},
		{"some.256.2.8.in-addr.arpa.", "some.256", "2.8.in-addr.arpa", "2.8.in-addr.arpa", Judged},
		{"some.03.2.8.in-addr.arpa.", "some.03", "2.8.in-addr.arpa", "2.8.in-addr.arpa", Judged},
		{"some.data.8.in-addr.arpa.", "some.data", "8.in-addr.arpa", "", Judged},
		{"some.data.in-addr.arpa.", "some.data", "in-addr.arpa", "", Judged},

		{"1.0.0.0." + v6, "1.0.0.0", v6, "0.b.8.0.1.0.a.2.ip6.arpa", Reverse},
		{strings.Repeat("f.", 20) + v6, strings.TrimSuffix(strings.Repeat("f.", 20), "."), v6, "0.b.8.0.1.0.a.2.ip6.arpa", Reverse},
		{strings.Repeat("f.", 21) + v6, strings.TrimSuffix(strings.Repeat("f.", 21), "."), v6, "0.b.8.0.1.0.a.2.ip6.arpa", Judged},
		{"data.f." + v6, "data.f", v6, "0.b.8.0.1.0.a.2.ip6.arpa", Judged},
		{"g." + v6, "g", v6, "0.b.8.0.1.0.a.2.ip6.arpa", Judged},
		{"data.8.0.1.0.a.2.ip6.arpa", "data", "8.0.1.0.a.2.ip6.arpa", "", Judged},
		{"a.2.ip6.arpa", "", "a.2.ip6.arpa", "", Reverse},

		{"4.3.2.1.4.4.e164.arpa.", "4.3.2.1", "4.4.e164.arpa", "", Judged},
		{"data.4.4.e164.arpa.", "data", "4.4.e164.arpa", "", Judged},
		{"data.x.1.e164.arpa.", "data.x", "1.e164.arpa", "", Judged},
		{"4.e164.arpa.", "", "4.e164.arpa", "", Judged},

		{"x.http.uri.arpa.", "x.http", "uri.arpa", "", Judged},
		{"data.in-addr-servers.arpa.", "data", "in-addr-servers.arpa", "", Judged},
		{"xin-addr.arpa.", "", "xin-addr.arpa", "", Judged},
		{"arpa.", "arpa", "", "", NoSLD},
		{"x..arpa.", "", "", "", Malformed},
		{".4.3.2.8.in-addr.arpa.", ".4", "3.2.8.in-addr.arpa", "2.8.in-addr.arpa", Judged},
		{"4..3.2.8.in-addr.arpa.", "4.", "3.2.8.in-addr.arpa", "2.8.in-addr.arpa", Judged},
		{"4.3..2.8.in-addr.arpa.", "4.3.", "2.8.in-addr.arpa", "2.8.in-addr.arpa", Judged},
		{"a.b.home.arpa.", "a.b", "home.arpa", "", Local},
		{"in-addr.arpa.example.com.", "in-addr.arpa", "example.com", "", Judged},
	} {
		var n Name
		class := n.Parse(c.in)
		if class != c.class || string(n.Prefix()) != c.prefix || string(n.SLD()) != c.sld || string(n.Second()) != c.second {
			t.Errorf("Parse(%q) = %d, prefix %q, SLD %q, second %q; want %d, %q, %q, %q",
				c.in, class, n.Prefix(), n.SLD(), n.Second(), c.class, c.prefix, c.sld, c.second)
		}
	}
}

// The zones of RFC 6303 and RFC 7793 are local with all below them, whatever it
// is, and their neighbours are not.
func TestLocallyServedZones(t *testing.T) {
	local := []string{"10.in-addr.arpa", "168.192.in-addr.arpa", "0.in-addr.arpa", "127.in-addr.arpa", "254.169.in-addr.arpa",
		"2.0.192.in-addr.arpa", "100.51.198.in-addr.arpa", "113.0.203.in-addr.arpa", "255.255.255.255.in-addr.arpa",
		"d.f.ip6.arpa", "8.b.d.0.1.0.0.2.ip6.arpa", strings.Repeat("0.", 32) + "ip6.arpa", "1." + strings.Repeat("0.", 31) + "ip6.arpa"}
	for i := 16; i < 32; i++ {
		local = append(local, fmt.Sprint(i, ".172.in-addr.arpa"))
	}
	for i := 64; i < 128; i++ {
		local = append(local, fmt.Sprint(i, ".100.in-addr.arpa"))
	}
	for _, c := range "89ab" {
		local = append(local, string(c)+".e.f.ip6.arpa")
	}
	var n Name
	for _, zone := range local {
		for _, below := range []string{"", "1.", "data.", "some.data.7."} {
			if got := n.Parse(below + zone + "."); got != Local {
				t.Errorf("%s%s is of class %d, want Local", below, zone, got)
			}
		}
	}
	for _, zone := range []string{"11.in-addr.arpa", "169.192.in-addr.arpa", "15.172.in-addr.arpa", "32.172.in-addr.arpa",
		"63.100.in-addr.arpa", "128.100.in-addr.arpa", "172.in-addr.arpa", "254.255.255.255.in-addr.arpa",
		"c.f.ip6.arpa", "7.e.f.ip6.arpa", "c.e.f.ip6.arpa", "2." + strings.Repeat("0.", 31) + "ip6.arpa"} {
		if got := n.Parse(zone + "."); got != Reverse {
			t.Errorf("%s is of class %d, want Reverse", zone, got)
		}
		if got := n.Parse("data." + zone + "."); got != Judged {
			t.Errorf("data.%s is of class %d, want Judged", zone, got)
		}
	}
}

func TestSecond(t *testing.T) {
	for in, want := range map[string]string{
		"x.user.duckdns.org.":           "duckdns.org",
		"user.duckdns.org.":             "duckdns.org",
		"duckdns.org.":                  "duckdns.org",
		"www.example.com.":              "",
		"www.example.co.uk.":            "",
		"a.b.c.kawasaki.jp.":            "kawasaki.jp",
		"c.kawasaki.jp.":                "kawasaki.jp",
		"city.kawasaki.jp.":             "",
		"a.pirate.sea.":                 "",
		"x.y.compute.amazonaws.com.cn.": "compute.amazonaws.com.cn", // a wildcard of the private part
	} {
		var n Name
		n.Parse(in)
		if got := string(n.Second()); got != want {
			t.Errorf("the second key of %s is %q, want %q", in, got, want)
		}
	}
}
