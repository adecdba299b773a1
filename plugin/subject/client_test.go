package subject

import (
	"net/netip"
	"testing"
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
