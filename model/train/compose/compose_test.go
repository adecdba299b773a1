package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/cmd/notunnel/capture"
	"github.com/notunnel/notunnel/plugin/split"
)

// census counts what a composed log holds.
type census struct {
	t        *testing.T
	families map[string]int             // queries
	sessions map[string]map[string]bool // clients
	name     split.Name
}

func (c *census) Query(q *capture.Query) error {
	c.families[q.Source]++
	if c.sessions[q.Source] == nil {
		c.sessions[q.Source] = map[string]bool{}
	}
	c.sessions[q.Source][q.Client.String()] = true
	if _, ok := dns.IsDomainName(q.Name); !ok {
		c.t.Errorf("%s: %q is no name", q.Source, q.Name)
	}
	if c.name.Parse(q.Name) == split.NoSLD {
		c.t.Errorf("%s: %q has no SLD", q.Source, q.Name)
	}
	return nil
}

func (c *census) Reply(*capture.Query, *dns.Msg) error { return nil }

func count(t *testing.T, path string) *census {
	t.Helper()
	c := &census{t: t, families: map[string]int{}, sessions: map[string]map[string]bool{}}
	if _, err := capture.Read(path, c); err != nil {
		t.Fatal(err)
	}
	return c
}

const slds = 40

// names is a small world: SLDs of 20 hosts that all have, and one of their own;
// and one SLD that only an index knows.
func names(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	for sld := range slds {
		for host := range 20 {
			fmt.Fprintf(z, "host%d.site%d.com\t%d\tU\n", host, sld, host)
		}
		fmt.Fprintf(z, "host.own%d.site%d.com\t1\tU\n", sld, sld)
	}
	for host := range 20 {
		fmt.Fprintf(z, "host%d.indexed.com\t0\tG\n", host)
	}
	z.Close()
	path := filepath.Join(t.TempDir(), "names.tsv.gz")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// mixed reports whether a log has whole clients, who ask for what other families ask
// for too.
func mixed(log string) bool {
	for _, kind := range []string{"benign-clients", "benign-tracker.", "tunnel-rotation", "tunnel-beacon"} {
		if strings.HasPrefix(log, kind) {
			return true
		}
	}
	return false
}

// What is composed reads back, family by family, and says that it is composed.
func TestCompose(t *testing.T) {
	const perFamily, visits = 3, 2
	dir := t.TempDir()
	if err := compose(names(t), dir, 7, perFamily, visits, nil); err != nil {
		t.Fatal(err)
	}
	logs, err := filepath.Glob(filepath.Join(dir, "*.tsv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	benign, tunnels, tools := 0, 0, 0
	for _, log := range logs {
		c := count(t, log)
		want := perFamily
		switch base := filepath.Base(log); {
		case base == "benign-names.tsv.gz" || base == "benign-mixed.tsv.gz":
			want = visits * slds * 3 / 4
		case base == "benign-popular.tsv.gz":
			want = visits * slds / 4
		case base == "benign-indexed.tsv.gz":
			want = 1
		}
		own := ""
		for family, clients := range c.sessions {
			if !strings.HasPrefix(family, "composed-") {
				t.Errorf("%s: family %q does not say that it is composed", log, family)
			}
			if !strings.Contains(filepath.Base(log), strings.TrimPrefix(family, "composed-")) {
				if !mixed(filepath.Base(log)) {
					t.Errorf("%s: family %s in it", log, family)
				}
				continue
			}
			own = family
			if len(clients) != want || c.families[family] < want*fewestNames {
				t.Errorf("%s: %d queries of %d clients, want %d", log, c.families[family], len(clients), want)
			}
		}
		if own == "" {
			t.Errorf("%s: families %v, none its own", log, c.families)
		}
		switch kind, _, _ := strings.Cut(filepath.Base(log), "-"); kind {
		case "tunnel":
			tunnels++
		case "format":
			tools++
		case "benign":
			benign++
		}
	}
	rhythmic := 0
	for _, f := range tunnelFamilies() {
		rhythmic += len(f.rhythms)
	}
	if benign < 70 || tunnels != rhythmic || tools != len(formats()) {
		t.Errorf("%d logs of benign families, %d of tunnels, %d of tools", benign, tunnels, tools)
	}
}

// What the autoencoder is validated on belongs to held-out SLDs alone.
func TestUnseenPrefixes(t *testing.T) {
	dir := t.TempDir()
	if err := compose(names(t), dir, 1, 1, 1, nil); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(dir, "unseen-prefixes.txt.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	found := 0
	for lines.Scan() {
		found++
		_, site, ok := strings.Cut(lines.Text(), ".own")
		if !ok || !heldOut("site"+site+".com") {
			t.Errorf("%q is not of a held-out SLD alone", lines.Text())
		}
	}
	if found == 0 {
		t.Error("no prefix is held out")
	}
}

func TestSameSeedSameBytes(t *testing.T) {
	from := names(t)
	var logs [3][]byte
	for i, seed := range []uint64{1, 1, 2} {
		dir := t.TempDir()
		if err := compose(from, dir, seed, 2, 2, nil); err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{"benign-names.tsv.gz", "benign-guid.tsv.gz", "tunnel-hex-slow.tsv.gz"} {
			content, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil {
				t.Fatal(err)
			}
			logs[i] = append(logs[i], content...)
		}
	}
	if !bytes.Equal(logs[0], logs[1]) || bytes.Equal(logs[0], logs[2]) {
		t.Error("logs follow something other than the seed")
	}
}

// Networks ask for what people ask for, not for what an index alone knows.
func TestNamesForNetworks(t *testing.T) {
	world, err := readNames(names(t))
	if err != nil {
		t.Fatal(err)
	}
	n := world.forNetworks()
	if len(n.Hosts) != slds*21 || len(n.SLDs) != slds || len(n.Labels) == 0 {
		t.Errorf("%d hosts of %d SLDs, want %d of %d", len(n.Hosts), len(n.SLDs), slds*21, slds)
	}
	for _, host := range n.Hosts {
		if strings.HasSuffix(host, "indexed.com") {
			t.Errorf("%s is among them", host)
		}
	}
}

func TestBadNames(t *testing.T) {
	write := func(content string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write([]byte(content))
		z.Close()
		path := filepath.Join(t.TempDir(), "n.gz")
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for content, want := range map[string]string{
		"":                           "no SLD with enough names",
		"a.com\t1\tU\nb.com\t1\n":    "n.gz:2: name, days and origins",
		"a.com\t1\tU\nb.com\tx\tU\n": "n.gz:2: days",
	} {
		if err := compose(write(content), t.TempDir(), 1, 1, 1, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", content, err, want)
		}
	}
}
