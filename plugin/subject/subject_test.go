package subject

import (
	"net/netip"
	"testing"

	"github.com/notunnel/notunnel/plugin/keyhash"
)

func networks(t *testing.T, bits4, bits6 int) Networks {
	t.Helper()
	n, err := NewNetworks(bits4, bits6)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestNewNetworksRefusesOtherBits(t *testing.T) {
	for _, bits := range [][2]int{{33, 64}, {-1, 64}, {32, 129}, {32, -1}} {
		if _, err := NewNetworks(bits[0], bits[1]); err == nil {
			t.Errorf("/%d, /%d are taken", bits[0], bits[1])
		}
	}
}

func TestClientString(t *testing.T) {
	usual, wide, all := networks(t, 32, 64), networks(t, 24, 48), networks(t, 0, 0)
	for _, c := range []struct {
		networks     Networks
		client, want string
	}{
		{usual, "192.0.2.1", "192.0.2.1"},
		{usual, "::ffff:192.0.2.1", "192.0.2.1"},
		{usual, "2001:db8:1:2:3::4", "2001:db8:1:2::/64"},
		{wide, "192.0.2.1", "192.0.2.0/24"},
		{wide, "2001:db8:1:2:3::4", "2001:db8:1::/48"},
		{wide, "fe80::1%eth0", "fe80::/48"},
		{networks(t, 32, 128), "2001:db8::1", "2001:db8::1"},
		{all, "192.0.2.1", "0.0.0.0/0"},
		{all, "2001:db8::1", "::/0"},
	} {
		var who Client
		if c.networks.Identify(&who, netip.MustParseAddr(c.client), "source"); who.String() != c.want {
			t.Errorf("%s is called %s, want %s", c.client, who, c.want)
		}
	}
	var who Client
	if wide.Identify(&who, netip.Addr{}, "file:x"); who.String() != "file:x" {
		t.Errorf("an unknown client is called %s", who)
	}
}

// Clients that are one have one pair, others have others.
func TestPair(t *testing.T) {
	n, key := networks(t, 24, 64), keyhash.New()
	pair := func(name, addr, source string) uint64 {
		var s Subject
		s.Parse(name)
		var client netip.Addr
		if addr != "" {
			client = netip.MustParseAddr(addr)
		}
		n.Identify(&s.Client, client, source)
		return Pair(key.Sum(s.SLD()), OfSLD, s.Client.Hash(&key))
	}
	same := pair("www.example.com.", "192.0.2.1", "")
	for _, other := range []uint64{pair("a.b.Example.com.", "192.0.2.200", ""), pair("example.com.", "::ffff:192.0.2.7", "ignored")} {
		if other != same {
			t.Error("one SLD and one network, but two pairs")
		}
	}
	seen := map[uint64]string{same: "example.com"}
	for _, c := range [][3]string{
		{"example.org.", "192.0.2.1", ""}, {"example.com.", "192.0.3.1", ""}, {"example.com.", "2001:db8::1", ""},
		{"example.com.", "", ""}, {"example.com.", "", "file:a"}, {"example.com.", "", "file:b"}, {`a\000b.com.`, "192.0.2.1", ""},
	} {
		p := pair(c[0], c[1], c[2])
		if seen[p] != "" {
			t.Errorf("%v and %s are one pair", c, seen[p])
		}
		seen[p] = c[0]
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
