package detect

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/notunnel/notunnel/model/forest"
)

// escaped writes every byte of a label as \DDD.
func escaped(label string) string {
	var text strings.Builder
	for i := range len(label) {
		fmt.Fprintf(&text, `\%03d`, label[i])
	}
	return text.String()
}

// hidingPlaces are ways to write a tunnel's data such that something other than a
// DNS server might take the name for something else, or for nobody's.
var hidingPlaces = []struct{ name, layout string }{ // %[1]s data, %[2]s the same with each byte escaped, %[3]s upper case
	{"plain", "%[1]s.t.hide-test.com."},
	{"an address with a zone", "::%%%[1]s.hide-test.com."},
	{"a link-local address with a zone", "fe80::1%%%[1]s.hide-test.com."},
	{"a mapped address with a zone", "::ffff:1.2.3.4%%%[1]s.hide-test.com."},
	{"an address in brackets", "[::1].%[1]s.hide-test.com."},
	{"an address in front", "192.0.2.1.%[1]s.hide-test.com."},
	{"an address behind", "%[1]s.192.0.2.1.hide-test.com."},
	{"a port", "%[1]s:53.hide-test.com."},
	{"a scheme", "https://%[1]s.hide-test.com."},
	{"a user", "user@%[1]s.hide-test.com."},
	{"a path", "%[1]s/a/b.hide-test.com."},
	{"a query string", "%[1]s?a=b&c.hide-test.com."},
	{"percent escapes", "%%2e%[1]s%%2e.hide-test.com."},
	{"a star", "*.%[1]s.hide-test.com."},
	{"every byte escaped", "%[2]s.hide-test.com."},
	{"the SLD escaped as well", `%[1]s.\104ide-tes\116.\099om.`},
	{"dots within labels", `%[1]s\.com\.co\.uk.hide-test.com.`},
	{"a dot within the SLD", `%[1]s.hide\.test.com.`},
	{"zero bytes", `\000%[1]s\000.hide-test.com.`},
	{"bytes above 127", `\195\188%[1]s\255.hide-test.com.`},
	{"upper case", "%[3]s.HIDE-test.COM."},
	{"an IDN of another suffix", "%[1]s.xn--p1ai.hide-test.com."},
	{"an IDN", "xn--%[1]s.hide-test.com."},
	{"a service", "_%[1]s._tcp.hide-test.com."},
	{"a policy", "%[1]s._domainkey.hide-test.com."},
	{"a local name inside", "%[1]s.local.hide-test.com."},
	{"a reverse zone inside", "%[1]s.1.168.192.in-addr.arpa.hide-test.com."},
	{"an allowed name inside", "%[1]s.spamhaus.org.hide-test.com."},
	{"an allowed name inside, its dot escaped", `%[1]s.spamhaus\.org.hide-test.com.`},
	{"a suffix inside", "%[1]s.co.uk.hide-test.com."},
	{"a two-level suffix", "%[1]s.hide-test.co.uk."},
	{"a private suffix", "%[1]s.hide-test.duckdns.org."},
	{"below a wildcard", "%[1]s.hide-test.anything.ck."},
	{"a top level that is none", "%[1]s.hide-test.nowhere."},
	{"a top level of digits", "%[1]s.hide-test.42."},
	{"an empty label", "%[1]s..hide-test.com."},
	{"a reverse zone", "%[1]s.4.3.2.8.in-addr.arpa."},
	{"a /24", "%[1]s.x.3.2.9.in-addr.arpa."},
	{"a /16", "%[1]s.x.7.8.in-addr.arpa."},
	{"octets around", "1.%[1]s.2.6.7.8.in-addr.arpa."},
	{"a reverse zone of IPv6", "%[1]s.0.0.8.b.d.0.1.0.a.2.ip6.arpa."},
	{"nibbles around", "f.%[1]s.e.1.1.1.1.8.b.d.0.1.0.a.2.ip6.arpa."},
	{"a telephone number", "%[1]s.1.2.3.4.4.e164.arpa."},
	{"another tree of arpa", "%[1]s.hide-test.arpa."},
}

func TestNoNameHidesFromTheSplitter(t *testing.T) {
	const most = 60 // queries
	for _, place := range hidingPlaces {
		r := rand.New(rand.NewPCG(9, 1))
		// What the forest makes of so much that never changes is not the question here.
		e := engine(t, func(c *Config) { c.Thresholds = forest.All(0.7) })
		at := flaggedAt(e, most, func(int) string {
			data := randomLabel(r, lowerBase32, 40)
			return fmt.Sprintf(place.layout, data, escaped(data), strings.ToUpper(data))
		})
		if at == 0 {
			t.Errorf("%s: not flagged in %d queries", place.name, most)
		}
	}
}
