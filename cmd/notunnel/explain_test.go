package main

import (
	"bytes"
	"encoding/json"
	"math"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/notunnel/notunnel/model/feature"
)

// explained runs the command with --json.
func explained(t *testing.T, args ...string) examined {
	t.Helper()
	var out, errs bytes.Buffer
	if status := run(append([]string{"explain", "--json"}, args...), &out, &errs); status != 0 {
		t.Fatalf("%v: status %d: %s", args, status, &errs)
	}
	var x examined
	if err := json.Unmarshal(out.Bytes(), &x); err != nil {
		t.Fatal(err)
	}
	return x
}

// Of a tunnel all is told: by what it was blocked, what every feature added, and that all
// of it adds up; the facts are those of the scan.
func TestExplainTunnel(t *testing.T) {
	pairs, _ := scanned(t, tunnelSample)
	x := explained(t, "any.TUNNEL-lab.com", tunnelSample, ordinarySample)
	if len(x.Clients) != 1 || x.Queries != int(pairs[0]["queries"].(float64)) {
		t.Fatalf("%d clients, %d queries", len(x.Clients), x.Queries)
	}
	c := x.Clients[0]
	if c.Verdict != "block" || *c.Ground != "model" || *c.Scope != "tunnel-lab.com" || c.Flag == nil || len(c.Flag.Names) != 3 || c.Standing != "unknown" {
		t.Errorf("%+v", c.Explanation)
	}
	s := c.Seen
	if *s.Ground != "model" || s.Score != pairs[0]["score"] || s.LeakedBytes != int(pairs[0]["leaked_bytes"].(float64)) ||
		len(s.Names) != 3 || len(s.Features) != feature.Count || s.BlockedAt.Before(*s.First) || s.Last.Before(*s.BlockedAt) {
		t.Errorf("%+v", s)
	}
	sum := *s.Base
	for i, f := range s.Features {
		sum += f.Weight
		if i > 0 && math.Abs(f.Weight) > math.Abs(s.Features[i-1].Weight) {
			t.Error("a stronger feature comes later")
		}
	}
	if math.Abs(sum-s.Score) > 1e-5 {
		t.Errorf("the features add up to %v of a score of %v", sum, s.Score)
	}
	var out bytes.Buffer
	if err := x.write(&out); err != nil || !regexp.MustCompile(`(?s)verdict +block, on the ground model: .*score +0\.9.*first at .* after \d+ queries.*│ score, the sum `).MatchString(out.String()) {
		t.Errorf("error %v: %s", err, &out)
	}
}

// Each reason not to judge a name is told in words.
func TestExplainWhatIsNotJudged(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log.tsv")
	write(t, log, "1700000000\t192.0.2.1\twww.example.com\t1\t-\t-\n1700000001\t192.0.2.2\tprinter.local\t1\t-\t-\n1700000001\t-\tshop.example.net\t1\t-\t-\n")
	for _, c := range []struct{ args, judged, because string }{
		{"x.sophosxl.net", "allowed", "sophosxl.net is on the allow list: "},
		{"www.example.com --allow com", "allowed", "com is on the allow list: --allow"},
		{"www.example.com --deny example.com", "denied", "example.com is on the deny list"},
		{"www.example.com --client 192.0.2.1 --exempt 192.0.2.0/24", "exempt", "192.0.2.1 is exempt"},
		{"printer.local", "local", "special-use"},
		{"com", "no_sld", "public suffix"},
		{"4.3.2.1.in-addr.arpa", "reverse", "metered"},
		{"www.example.com", "judged", ""},
	} {
		x := explained(t, append(strings.Fields(c.args), log)...)
		if got := x.Clients[0]; got.Judged != c.judged || !strings.Contains(got.Because, c.because) || (got.Because == "") != (c.because == "") {
			t.Errorf("%s: %s because %q", c.args, got.Judged, got.Because)
		}
	}
	if x := explained(t, "example.com", "--client", "192.0.2.77", log); len(x.Clients) != 1 || x.Clients[0].Seen != nil || x.Queries != 1 {
		t.Errorf("a client that did not ask: %+v", x)
	}
	if x := explained(t, "example.com", "--client-prefix", "24,64", log); *x.Clients[0].Client != "192.0.2.0/24" {
		t.Errorf("client %s", *x.Clients[0].Client)
	}
	if x := explained(t, "example.net", "--client", "file:log.tsv", log); x.Clients[0].Seen == nil || x.Clients[0].Seen.Queries != 1 {
		t.Errorf("a client without an address: %+v", x)
	}
	var out, errs bytes.Buffer
	if status := run([]string{"explain", "unheard.org", log}, &out, &errs); status != 0 || !strings.Contains(out.String(), "nobody asked below the domain") {
		t.Errorf("status %d, %s%s", status, &out, &errs)
	}
}

func TestExplainCalledWrongly(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"", "usage: notunnel explain"},
		{"example.com", "a name is wanted, and at least one FILE"},
		{"a..b " + ordinarySample, "is no name of the DNS"},
		{"example.com --client nobody " + ordinarySample, "client: "},
		{"example.com --client-prefix 24 " + ordinarySample, "--client-prefix: two numbers"},
		{"example.com --client-prefix 33,64 " + ordinarySample, "--client-prefix: "},
		{"example.com missing.pcap", "missing.pcap"},
	} {
		var out, errs bytes.Buffer
		if status := run(append([]string{"explain"}, strings.Fields(c.args)...), &out, &errs); status != 2 || !strings.Contains(errs.String(), c.want) || out.Len() > 0 {
			t.Errorf("%s: status %d, %s%s", c.args, status, &out, &errs)
		}
	}
}
