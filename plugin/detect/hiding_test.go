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
var hidingPlaces = []struct {
	name, layout string
	config       func(*Config)
}{ // %[1]s data, %[2]s the same with each byte escaped, %[3]s upper case
	{"plain", "%[1]s.t.hide-test.com.", nil},
	{"an address with a zone", "::%%%[1]s.hide-test.com.", nil},
	{"a link-local address with a zone", "fe80::1%%%[1]s.hide-test.com.", nil},
	{"a mapped address with a zone", "::ffff:1.2.3.4%%%[1]s.hide-test.com.", nil},
	{"an address in brackets", "[::1].%[1]s.hide-test.com.", nil},
	{"an address in front", "192.0.2.1.%[1]s.hide-test.com.", nil},
	{"an address behind", "%[1]s.192.0.2.1.hide-test.com.", nil},
	{"a port", "%[1]s:53.hide-test.com.", nil},
	{"a scheme", "https://%[1]s.hide-test.com.", nil},
	{"a user", "user@%[1]s.hide-test.com.", nil},
	{"a path", "%[1]s/a/b.hide-test.com.", nil},
	{"a query string", "%[1]s?a=b&c.hide-test.com.", nil},
	{"percent escapes", "%%2e%[1]s%%2e.hide-test.com.", nil},
	{"a star", "*.%[1]s.hide-test.com.", nil},
	{"every byte escaped", "%[2]s.hide-test.com.", nil},
	{"the SLD escaped as well", `%[1]s.\104ide-tes\116.\099om.`, nil},
	{"dots within labels", `%[1]s\.com\.co\.uk.hide-test.com.`, nil},
	{"a dot within the SLD", `%[1]s.hide\.test.com.`, nil},
	{"zero bytes", `\000%[1]s\000.hide-test.com.`, nil},
	{"bytes above 127", `\195\188%[1]s\255.hide-test.com.`, nil},
	{"upper case", "%[3]s.HIDE-test.COM.", nil},
	{"an IDN of another suffix", "%[1]s.xn--p1ai.hide-test.com.", nil},
	{"an IDN", "xn--%[1]s.hide-test.com.", nil},
	{"a service", "_%[1]s._tcp.hide-test.com.", nil},
	{"a policy", "%[1]s._domainkey.hide-test.com.", nil},
	{"a local name inside", "%[1]s.local.hide-test.com.", nil},
	{"a reverse zone inside", "%[1]s.1.168.192.in-addr.arpa.hide-test.com.", lower},
	{"an allowed name inside", "%[1]s.spamhaus.org.hide-test.com.", nil},
	{"an allowed name inside, its dot escaped", `%[1]s.spamhaus\.org.hide-test.com.`, lower},
	{"a suffix inside", "%[1]s.co.uk.hide-test.com.", nil},
	{"a two-level suffix", "%[1]s.hide-test.co.uk.", nil},
	{"a private suffix", "%[1]s.hide-test.duckdns.org.", nil},
	{"below a wildcard", "%[1]s.hide-test.anything.ck.", nil},
	{"a top level that is none", "%[1]s.hide-test.nowhere.", nil},
	{"a top level of digits", "%[1]s.hide-test.42.", nil},
	{"an empty label", "%[1]s..hide-test.com.", nil},
	{"a reverse zone", "%[1]s.4.3.2.8.in-addr.arpa.", nil},
	{"a /24", "%[1]s.x.3.2.9.in-addr.arpa.", nil},
	{"a /16", "%[1]s.x.7.8.in-addr.arpa.", nil},
	{"octets around", "1.%[1]s.2.6.7.8.in-addr.arpa.", nil},
	{"a reverse zone of IPv6", "%[1]s.0.0.8.b.d.0.1.0.a.2.ip6.arpa.", nil},
	{"nibbles around", "f.%[1]s.e.1.1.1.1.8.b.d.0.1.0.a.2.ip6.arpa.", nil},
	{"a telephone number", "%[1]s.1.2.3.4.4.e164.arpa.", nil},
	{"another tree of arpa", "%[1]s.hide-test.arpa.", nil},
}

// lower is for places where so much never changes beside the data that the forest, which
// counts the share of what is new, stays below the shipped threshold: an open fault.
func lower(c *Config) { c.Thresholds = forest.All(0.7) }

func TestNoNameHidesFromTheSplitter(t *testing.T) {
	const most = 60 // queries
	for _, place := range hidingPlaces {
		r := rand.New(rand.NewPCG(9, 1))
		at := flaggedAt(engine(t, place.config), most, func(int) string {
			data := randomLabel(r, lowerBase32, 40)
			return fmt.Sprintf(place.layout, data, escaped(data), strings.ToUpper(data))
		})
		if at == 0 {
			t.Errorf("%s: not flagged in %d queries", place.name, most)
		}
	}
}
