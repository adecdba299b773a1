package main

import (
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
	replies  int
	name     split.Name
}

func (c *census) Query(q *capture.Query) error {
	c.families[q.Source]++
	if c.sessions[q.Source] == nil {
		c.sessions[q.Source] = map[string]bool{}
	}
	c.sessions[q.Source][q.Client.String()] = true
	if c.name.Parse(q.Name) == split.NoSLD {
		c.t.Errorf("%s: %q has no SLD", q.Source, q.Name)
	}
	return nil
}

func (c *census) Reply(*capture.Query, *dns.Msg) error {
	c.replies++
	return nil
}

func count(t *testing.T, path string) *census {
	t.Helper()
	c := &census{t: t, families: map[string]int{}, sessions: map[string]map[string]bool{}}
	if _, err := capture.Read(path, c); err != nil {
		t.Fatal(err)
	}
	return c
}

// names is a small world: 40 SLDs of 20 hosts.
func names(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	for sld := range 40 {
		for host := range 20 {
			fmt.Fprintf(z, "host%d.site%d.com\t%d\tU\n", host, sld, host)
		}
	}
	z.Close()
	path := filepath.Join(t.TempDir(), "names.tsv.gz")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// What is composed reads back, family by family, and says that it is composed.
func TestCompose(t *testing.T) {
	const perFamily = 3
	dir := t.TempDir()
	if err := compose(names(t), dir, 7, perFamily, 20); err != nil {
		t.Fatal(err)
	}
	benign := count(t, filepath.Join(dir, "composed-benign.tsv.gz"))
	tunnel := count(t, filepath.Join(dir, "composed-tunnel.tsv.gz"))
	if got := len(benign.sessions["composed-names"]); got != 20 {
		t.Errorf("%d sessions over real names, want 20", got)
	}
	if len(benign.families) < 25 || len(tunnel.families) < 10 {
		t.Errorf("%d benign families, %d of tunnels", len(benign.families), len(tunnel.families))
	}
	for _, c := range []*census{benign, tunnel} {
		for family, queries := range c.families {
			if !strings.HasPrefix(family, "composed-") {
				t.Errorf("family %q does not say that it is composed", family)
			}
			if family != "composed-names" && len(c.sessions[family]) != perFamily {
				t.Errorf("%s: %d sessions", family, len(c.sessions[family]))
			}
			if queries < perFamily*fewest {
				t.Errorf("%s: %d queries", family, queries)
			}
		}
		if c.replies == 0 {
			t.Error("nothing was answered")
		}
	}
}

func TestSameSeedSameBytes(t *testing.T) {
	from := names(t)
	var logs [3][]byte
	for i, seed := range []uint64{1, 1, 2} {
		dir := t.TempDir()
		if err := compose(from, dir, seed, 1, 2); err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{"composed-benign.tsv.gz", "composed-tunnel.tsv.gz"} {
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
		"":                        "no SLD with enough names",
		"a.com\t1\nb.com\n":       "n.gz:2: name and days",
		"a.com\t1\nb.com\tx\tU\n": "n.gz:2: days",
	} {
		if err := compose(write(content), t.TempDir(), 1, 1, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", content, err, want)
		}
	}
}
