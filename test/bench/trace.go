package main

import (
	"bufio"
	"encoding/base32"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/plugin/split"
)

// mix is what a trace is made of. A first-seen query asks for a name that its client
// has not asked for before.
type mix struct {
	name     string
	first    float64 // share of first-seen queries
	pair     float64 // of those: the client's first below that domain
	unlisted float64 // of new pairs: the domain is on no list of popular ones
	tunnel   float64 // share of queries that carry data
}

// everyday has the shares of recorded logs of real clients: in that of a household 9 %
// of queries ask for names that are new to their client that day, 1.3 % for such below
// unlisted domains. In the one log of a whole network that we have it is 6 and 1.3 %
// (WRCCDC 2018, 71 clients in 21 minutes), and 55 % of these are the client's first below
// that domain.
var everyday = mix{name: "everyday", first: 0.09, pair: 0.55, unlisted: 0.14, tunnel: 0.0005}

// harsh has several times as much that is new, all of it below domains that nobody lists.
var harsh = mix{name: "harsh", first: 0.30, pair: 0.5, unlisted: 1, tunnel: 0.01}

// filling has hardly anything but new pairs.
var filling = mix{first: 0.95, pair: 0.95, unlisted: 0.14}

// Of both mixes, as in the log of a network: a client asks several times in a row, and
// most of what it repeats is its last name, as another type or because no answer came.
const (
	traceSeed = 1
	shareStay = 0.84 // of queries after which the same client goes on
	shareLast = 0.75 // of the repeats

	traceClients  = 400
	traceDomains  = 60_000
	traceRate     = 80 // queries a second, of all clients
	tunnelQueries = 300
	tunnelsAtOnce = 4
)

// query is one of the trace.
type query struct {
	name   string
	qtype  uint16
	client int
	at     time.Duration // since the trace began
	tunnel *tunnel       // nil for ordinary ones
}

// tunnel is one that carries data out until it has asked tunnelQueries times.
type tunnel struct {
	sld    string
	client int
	size   int // bytes a query
	asked  int
}

// trace makes queries without end, the same for the same seed.
type trace struct {
	mix      mix
	random   *rand.Rand
	zipf     *rand.Zipf
	prefixes []string // of real names
	words    []string // labels of real domains
	listed   []string // domains that many people use
	clients  []client
	tunnels  []*tunnel
	who      int // asks now
	at       time.Duration
	made     int // tunnels so far

	total, first, pairs, tunneled int // queries so far
}

// client remembers what it has asked.
type client struct {
	names   []string
	last    string
	domains []string
	known   map[string]bool
}

// samples are where traces take their names from, seen from the root of the module.
const (
	sampleNames  = "test/samples/names.tsv"
	sampleListed = "plugin/standing/slds.txt"
)

// newTrace takes real names for its style, and the shipped list of domains, seen from a
// folder of the module.
func newTrace(m mix, root string) (*trace, error) {
	listed, err := os.ReadFile(filepath.Join(root, sampleListed))
	if err != nil {
		return nil, err
	}
	file := filepath.Join(root, sampleNames)
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	random := rand.New(rand.NewPCG(traceSeed, 0))
	t := &trace{
		mix:     m,
		random:  random,
		zipf:    rand.NewZipf(random, 1.05, 20, traceDomains-1),
		clients: make([]client, traceClients),
	}
	var n split.Name
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, _, _ := strings.Cut(lines.Text(), "\t")
		if n.Parse(name) == split.Judged {
			t.prefixes = append(t.prefixes, string(n.Prefix()))
			word, _, _ := strings.Cut(string(n.SLD()), ".")
			t.words = append(t.words, word)
		}
	}
	if len(t.prefixes) < 100 {
		return nil, fmt.Errorf("%s has %d names, at least 100 wanted", file, len(t.prefixes))
	}
	for line := range strings.Lines(string(listed)) {
		if fields := strings.Fields(line); len(fields) > 0 && fields[0] != "#" {
			t.listed = append(t.listed, fields[0]+".")
		}
	}
	random.Shuffle(len(t.listed), func(i, j int) { t.listed[i], t.listed[j] = t.listed[j], t.listed[i] })
	for i := range t.clients {
		t.clients[i].known = map[string]bool{}
	}
	return t, nil
}

// fill makes queries until there were so many pairs, nearly each a new one. They do not
// count in what the trace says of its mix.
func (t *trace) fill(pairs int) (all []query) {
	usual := t.mix
	t.mix = filling
	for t.pairs < pairs {
		all = append(all, t.next(pairs-t.pairs)...)
	}
	t.mix = usual
	t.total, t.first, t.pairs = 0, 0, 0
	return all
}

// next makes n queries.
func (t *trace) next(n int) []query {
	all := make([]query, 0, n)
	for range n {
		q := t.one()
		t.at += time.Duration(t.random.ExpFloat64() * float64(time.Second) / traceRate)
		q.at = t.at
		t.total++
		all = append(all, q)
	}
	return all
}

func (t *trace) one() query {
	if t.random.Float64() < t.mix.tunnel {
		t.tunneled++
		t.first++
		return t.data()
	}
	if t.random.Float64() >= shareStay {
		t.who = t.random.IntN(len(t.clients))
	}
	c := &t.clients[t.who]
	q := query{client: t.who, qtype: dns.TypeA}
	switch x := t.random.Float64(); {
	case x < 0.25:
		q.qtype = dns.TypeAAAA
	case x < 0.35:
		q.qtype = dns.TypeHTTPS
	case x < 0.36:
		q.qtype = dns.TypeTXT
	}
	switch x := t.random.Float64(); {
	case len(c.names) == 0 || x < (t.mix.first-t.mix.tunnel)/(1-t.mix.tunnel):
		q.name = t.unseen(c)
		return q
	case t.random.Float64() < shareLast:
		q.name = c.last
	default:
		q.name = c.names[max(len(c.names)-1-int(t.random.ExpFloat64()*40), 0)]
	}
	c.last = q.name
	return q
}

// unseen is a name that the client has not asked for.
func (t *trace) unseen(c *client) string {
	for {
		domain, pair := "", false
		if len(c.domains) == 0 || t.random.Float64() < t.mix.pair {
			domain, pair = t.domain(), true
			if c.known[domain] {
				continue
			}
		} else {
			domain = c.domains[t.random.IntN(len(c.domains))]
		}
		name := domain
		if prefix := t.prefix(); prefix != "" {
			name = prefix + "." + domain
		}
		if c.known[name] && name != domain {
			continue
		}
		if pair {
			c.domains = append(c.domains, domain)
			c.known[domain] = true
			t.pairs++
		} else if name == domain {
			continue
		}
		c.known[name] = true
		c.names = append(c.names, name)
		c.last = name
		t.first++
		return name
	}
}

// domain is an SLD, a few of them asked for most of the time: one that many people use,
// or one of two words.
func (t *trace) domain() string {
	if t.mix.unlisted < 1 && t.random.Float64() >= t.mix.unlisted {
		return t.listed[int(t.zipf.Uint64())%len(t.listed)]
	}
	i := int(t.zipf.Uint64())
	suffix := []string{"com", "com", "com", "net", "org", "de", "io", "co.uk"}[i%8]
	return fmt.Sprintf("%s-%s%d.%s.", t.words[i%len(t.words)], t.words[i/7%len(t.words)], i/len(t.words), suffix)
}

// prefix is a real one, a quarter of them with a number and a few with the
// random name of an instance.
func (t *trace) prefix() string {
	prefix := t.prefixes[t.random.IntN(len(t.prefixes))]
	switch x := t.random.Float64(); {
	case x < 0.03:
		return fmt.Sprintf("%08x.%s", t.random.Uint32(), prefix)
	case x < 0.28 && prefix != "":
		return fmt.Sprintf("%s%d", prefix, t.random.IntN(1000))
	}
	return prefix
}

// data is the next query of a tunnel: some bytes in base32 under its domain.
func (t *trace) data() query {
	for len(t.tunnels) < tunnelsAtOnce {
		t.made++
		t.tunnels = append(t.tunnels, &tunnel{
			sld:    fmt.Sprintf("relay%d.net.", t.made),
			client: t.random.IntN(len(t.clients)),
			size:   []int{35, 70, 120}[t.made%3],
		})
	}
	i := t.random.IntN(len(t.tunnels))
	from := t.tunnels[i]
	if from.asked++; from.asked == tunnelQueries {
		t.tunnels = append(t.tunnels[:i], t.tunnels[i+1:]...)
	}
	load := make([]byte, from.size)
	for i := range load {
		load[i] = byte(t.random.Uint32())
	}
	text := strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(load))
	var name strings.Builder
	for ; len(text) > 60; text = text[60:] {
		name.WriteString(text[:60] + ".")
	}
	name.WriteString(text + "." + from.sld)
	return query{name: name.String(), qtype: dns.TypeTXT, client: from.client, tunnel: from}
}

// address is that of a client.
func address(client int) netip.Addr {
	return netip.AddrFrom4([4]byte{198, 18, byte(client >> 8), byte(client)})
}

// mix says what the trace was made of so far.
func (t *trace) madeOf() string {
	share := func(n int) float64 { return 100 * float64(n) / float64(t.total) }
	return fmt.Sprintf("%d queries of %d clients (seed %d): %.1f %% ask for a name that their client had not asked for before, "+
		"%.1f %% below a domain new to it; %.2f %% belong to tunnels",
		t.total, traceClients, traceSeed, share(t.first), share(t.pairs), share(t.tunneled))
}
