package detect

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/model/forest"
	"github.com/notunnel/notunnel/plugin/standing"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// Below a domain that many people use only the part is blocked that the data go
// through; an unknown one is blocked as a whole.
func TestScope(t *testing.T) {
	for _, c := range []struct {
		sld, below, scope string
		free              string // another name of the SLD, "" for none
	}{
		{"gstatic.com", "metric.", "metric.gstatic.com", "fonts.gstatic.com."},
		{"gstatic.com", "a.b.metric.", "a.b.metric.gstatic.com", "c.b.metric.gstatic.com."},
		{"gstatic.com", "", "gstatic.com", ""},
		{"scope-test.net", "metric.", "scope-test.net", ""},
	} {
		e := engine(t, func(c *Config) {
			c.Standing, c.Allow, c.Thresholds = standing.Shipped(), nil, forest.All(0.5) // what is flagged is not the question
		})
		r, at := rand.New(rand.NewPCG(4, 1)), time.Unix(1.7e9, 0)
		asks := func(name string) *Decision {
			at = at.Add(time.Second)
			return ask(e, Query{Name: name, Type: dns.TypeTXT, Client: client, At: at})
		}
		for _, name := range []string{"www.", "fonts.", "ssl.", "c.b.metric."} {
			asks(name + c.sld + ".")
		}
		var flagged *Decision
		for i := 0; i < 200 && flagged == nil; i++ {
			if d := asks(randomLabel(r, lowerBase32, 50) + "." + c.below + c.sld + "."); d.Flagged != nil {
				flagged = d
			}
		}
		if flagged == nil {
			t.Errorf("%s%s: 200 queries of a tunnel are not flagged", c.below, c.sld)
			continue
		}
		if f := flagged.Flagged; f.Scope != c.scope || f.SLD != c.sld || string(flagged.Scope) != c.scope {
			t.Errorf("%s%s: scope %s of %s", c.below, c.sld, f.Scope, f.SLD)
		}
		if d := asks("more." + c.scope + "."); d.Verdict != verdict.Block || string(d.Scope) != c.scope {
			t.Errorf("%s%s: another name below %s: %v", c.below, c.sld, c.scope, d.Verdict)
		}
		if c.free != "" {
			if d := asks(c.free); d.Verdict != verdict.Pass {
				t.Errorf("%s%s: %s is blocked as well", c.below, c.sld, c.free)
			}
		}
	}
}
