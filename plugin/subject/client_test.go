package subject

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/notunnel/notunnel/plugin/keyhash"
)

// What String writes ParseClient reads, for any network that makes a client.
func TestParseClientReadsWhatStringWrites(t *testing.T) {
	for _, addr := range []string{"192.0.2.1", "0.0.0.0", "255.255.255.255", "2001:db8::1", "::", "::ffff:192.0.2.1", "ffff::", "::1"} {
		for bits4 := range 33 {
			for bits6 := range 129 {
				networks, err := NewNetworks(bits4, bits6)
				if err != nil {
					t.Fatal(err)
				}
				var c Client
				networks.Identify(&c, netip.MustParseAddr(addr), "")
				if got := ParseClient(c.String()); got != c {
					t.Fatalf("%s by /%d, /%d: %q is read as %q", addr, bits4, bits6, c, got)
				}
			}
		}
	}
	if c := (Client{source: "file:x"}); ParseClient("file:x") != c {
		t.Error("a source is not read")
	}
}

// A device has one name, which is read as the device, and is a word whatever a forwarder
// says. Devices, networks and sources of equal bytes are different clients.
func TestDevices(t *testing.T) {
	r, key := rand.New(rand.NewPCG(1, 2)), keyhash.New()
	networks, err := NewNetworks(32, 64)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[uint64]string{}
	for i := range 5000 {
		id := ID{Kind: MAC, Bytes: make([]byte, []int{6, 8, 20}[i%3])}
		if i%2 == 0 {
			id = ID{Kind: CPE, Bytes: make([]byte, 1+r.IntN(MaxID))}
		}
		for j := range id.Bytes {
			id.Bytes[j] = byte(r.Uint32())
		}
		if !id.OK() {
			t.Fatalf("%v is none", id)
		}
		c := Client{source: "before"}
		networks.Behind(&c, netip.MustParseAddr("192.0.2.1"), &id)
		name := c.String()
		if got, err := ReadClient(name); err != nil || got != c || ParseClient(name) != c {
			t.Fatalf("%q is read as %q, error %v", name, got, err)
		}
		if strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' }) {
			t.Fatalf("%q is no word", name)
		}
		if back := c.ID(); back.Kind != id.Kind || !bytes.Equal(back.Bytes, id.Bytes) {
			t.Fatalf("%v comes back as %v", id, back)
		}
		if c.Within(netip.MustParsePrefix("0.0.0.0/0")) || c.Within(netip.MustParsePrefix("::/0")) || c.Nobody() || !c.Covers(&c) {
			t.Fatalf("%s is taken for a network or for nobody", name)
		}
		if pair := Pair(key.Sum([]byte("example.com")), OfSLD, c.Hash(&key)); seen[pair] != "" && seen[pair] != name {
			t.Fatalf("%s and %s are one pair", name, seen[pair])
		} else {
			seen[pair] = name
		}
		var after Client
		if networks.Identify(&c, netip.MustParseAddr("192.0.2.1"), ""); true {
			networks.Identify(&after, netip.MustParseAddr("192.0.2.1"), "")
		}
		if c != after {
			t.Fatalf("%s leaves something in the network after it", name)
		}
	}
	for _, bad := range []string{"mac:", "mac:02", "mac:02:00:00:00:00:0g", "cpe:", "cpe:" + strings.Repeat("x", MaxID+1), "", "nobody"} {
		if c, err := ReadClient(bad); err == nil {
			t.Errorf("%q is read as %s", bad, c)
		}
	}
	for _, id := range []ID{{Kind: MAC}, {Kind: MAC, Bytes: make([]byte, 5)}, {Kind: CPE}, {Kind: CPE, Bytes: make([]byte, MaxID+1)}} {
		if id.OK() {
			t.Errorf("%v is one", id)
		}
	}
}

// Of a subnet no more counts than is known, and no more than makes a client.
func TestSubnets(t *testing.T) {
	for _, c := range []struct {
		bits4, bits6 int
		addr         string
		known        uint8
		want         string
	}{
		{32, 64, "192.0.2.7", 32, "192.0.2.7"},
		{32, 64, "192.0.2.7", 24, "192.0.2.0/24"},
		{16, 64, "192.0.2.7", 24, "192.0.0.0/16"},
		{32, 64, "192.0.2.7", 1, "128.0.0.0/1"},
		{32, 64, "2001:db8:1:2::1", 128, "2001:db8:1:2::/64"},
		{32, 64, "2001:db8:1:2::1", 56, "2001:db8:1::/56"},
		{32, 128, "2001:db8:1:2::1", 100, "2001:db8:1:2::/100"},
	} {
		networks, err := NewNetworks(c.bits4, c.bits6)
		if err != nil {
			t.Fatal(err)
		}
		var who Client
		networks.Behind(&who, netip.MustParseAddr(c.addr), &ID{Kind: Subnet, Bits: c.known})
		if who.String() != c.want || ParseClient(c.want) != who {
			t.Errorf("%s/%d is %s, want %s", c.addr, c.known, who, c.want)
		}
	}
}
