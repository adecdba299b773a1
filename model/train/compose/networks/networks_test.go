package networks

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/cmd/notunnel/capture"
	"github.com/notunnel/notunnel/plugin/split"
	"github.com/notunnel/notunnel/plugin/standing"
)

// sample is a small world.
func sample() *Names {
	n := &Names{}
	for i := range 400 {
		sld := fmt.Sprintf("site%d.com", i)
		var prefixes []string
		var days []int
		for host := range 1 + i%12 {
			prefixes, days = append(prefixes, fmt.Sprintf("%s%d", syllables[i%len(syllables)], host)), append(days, i%20)
		}
		n.AddZone(sld, prefixes, days)
		n.SLDs = append(n.SLDs, sld)
		n.Labels = append(n.Labels, fmt.Sprintf("%s%s", syllables[i%len(syllables)], syllables[i*7%len(syllables)]))
	}
	return n
}

// census counts what a log holds.
type census struct {
	t                *testing.T
	source           string
	queries, replies int
	clients          map[string]bool
	last             time.Time
	name             split.Name
}

func (c *census) Query(q *capture.Query) error {
	c.queries++
	c.clients[q.Client.String()] = true
	if q.Source != c.source {
		c.t.Fatalf("source %q, want %q", q.Source, c.source)
	}
	if q.At.Before(c.last) {
		c.t.Fatalf("%s: %s is asked at %v, after %v", q.Source, q.Name, q.At, c.last)
	}
	c.last = q.At
	if class := c.name.Parse(q.Name); class == split.Malformed {
		c.t.Fatalf("%s: %q is no name", q.Source, q.Name)
	}
	return nil
}

// Records have the form that their type asks for: what the reader does not know it
// takes for bytes.
func (c *census) Reply(q *capture.Query, m *dns.Msg) error {
	c.replies++
	for _, rr := range m.Answer {
		if _, raw := rr.(*dns.RFC3597); raw {
			c.t.Fatalf("%s: %s %s has %v", q.Source, q.Name, dns.Type(q.Type), rr)
		}
	}
	return nil
}

// Every pattern reads back, for as long as it says, in order, by as many clients as it
// has.
func TestPatterns(t *testing.T) {
	names, seen := sample(), map[string]bool{}
	for _, p := range Patterns() {
		if seen[p.Name] || p.What == "" {
			t.Errorf("%s is there twice, or does not say what it is", p.Name)
		}
		seen[p.Name] = true
		t.Run(p.Name, func(t *testing.T) {
			if p.Name == "k8s-pods" {
				t.Skip("a million queries of the same form as k8s-node's")
			}
			t.Parallel()
			folder := t.TempDir()
			if err := p.Write(folder, names, 3, 1); err != nil {
				t.Fatal(err)
			}
			c := &census{t: t, source: p.Source(), clients: map[string]bool{}}
			if _, err := capture.Read(filepath.Join(folder, p.File()), c); err != nil {
				t.Fatal(err)
			}
			if want := max(p.Clients, fewest); len(c.clients) != want || c.queries < 1000 || c.last.Sub(begin) < 22*time.Hour {
				t.Errorf("%d queries of %d clients until %v, want %d clients", c.queries, len(c.clients), c.last, want)
			}
			if p.unlogged != (c.replies == 0) || !p.unlogged && c.replies < c.queries*9/10 {
				t.Errorf("%d replies to %d queries", c.replies, c.queries)
			}
		})
	}
	if len(seen) < 27 {
		t.Errorf("%d patterns", len(seen))
	}
}

func TestSameSeedSameLog(t *testing.T) {
	names := sample()
	for _, p := range Patterns() {
		if p.Name != "help-desk" && p.Name != "ech-keys" && p.Name != "validating-resolver" {
			continue
		}
		var logs [3][]byte
		for i, seed := range []uint64{1, 1, 2} {
			folder := t.TempDir()
			if err := p.Write(folder, names, seed, 1); err != nil {
				t.Fatal(err)
			}
			var err error
			if logs[i], err = os.ReadFile(filepath.Join(folder, p.File())); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(logs[0], logs[1]) || bytes.Equal(logs[0], logs[2]) {
			t.Errorf("%s follows something other than the seed", p.Name)
		}
	}
}

// Invented domains are on no list, and are cut as they are meant.
func TestInvented(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var n split.Name
	for range 2000 {
		domain := invented(r)
		n.Parse("host." + domain)
		if known := standing.Shipped().Of([]byte(domain)); string(n.SLD()) != domain || known != standing.Unknown {
			t.Errorf("%s is %v, its SLD %s", domain, known, n.SLD())
		}
	}
}

// A client with a cache asks again when the reply has aged; one without asks each time.
func TestCache(t *testing.T) {
	for _, c := range []struct {
		cached bool
		want   int
	}{{true, 3}, {false, 11}} {
		n := &network{names: sample(), r: rand.New(rand.NewPCG(1, 1)), days: 1}
		asks := n.client()
		n.caches[asks.id] = c.cached
		for minute := range 11 {
			n.lookups = append(n.lookups, lookup{at: time.Duration(minute) * time.Minute, name: "a.example", qtype: tA, says: missing}) // for five minutes
		}
		var log bytes.Buffer
		n.play(&log, "test")
		if got := strings.Count(log.String(), "\n"); got != c.want {
			t.Errorf("cached %v: %d queries, want %d", c.cached, got, c.want)
		}
	}
}
