package test

import (
	"path/filepath"
	"testing"

	"github.com/notunnel/notunnel/plugin/split"
	"github.com/notunnel/notunnel/test/lab"
)

// mostLeaked is how many queries of a tunnel may pass, set-up included.
const mostLeaked = 30

// samples reads the captures whose names match.
func samples(t *testing.T, pattern string) map[string]*lab.Sample {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("samples", pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("no sample %s: %v", pattern, err)
	}
	found := map[string]*lab.Sample{}
	for _, file := range files {
		s, err := lab.ReadSample(file)
		if err != nil {
			t.Fatal(err)
		}
		found[filepath.Base(file)] = s
	}
	return found
}

// tunnel is the sample of most tests that need any tunnel.
func tunnel(t *testing.T) *lab.Sample { return samples(t, "iodine-null.pcap")["iodine-null.pcap"] }

// sld is the domain of a tunnel's sample.
func sld(t *testing.T, s *lab.Sample) string {
	t.Helper()
	var name split.Name
	if name.Parse(s.Lookups[0].Name) != split.Judged {
		t.Fatalf("%s is never judged", s.Lookups[0].Name)
	}
	return string(name.SLD())
}

// replay sends the lookups of a sample one after the other, as one client, and
// returns how many were answered before the first that was blocked; all of
// them if none was. After it, every one must be blocked.
func replay(t *testing.T, c lab.Client, s *lab.Sample, rcode int) (passed int) {
	t.Helper()
	blocked := false
	for _, l := range s.Lookups {
		m, err := c.Ask(lab.Query(l.Name, l.Type, true))
		if err != nil {
			t.Fatalf("%s: %v", l.Name, err)
		}
		switch {
		case m.Rcode == rcode && lab.BlockReason(m) != nil:
			blocked = true
		case blocked:
			t.Fatalf("after the block %s was answered:\n%v", l.Name, m)
		default:
			passed++
		}
	}
	return passed
}
