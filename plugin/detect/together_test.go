package detect

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/model"
	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/model/forest"
	"github.com/notunnel/notunnel/model/onnxgraph/onnxtest"
	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/keyhash"
	"github.com/notunnel/notunnel/plugin/standing"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// jointEngine makes an engine whose forest of pairs finds nothing, whatever comes:
// what it flags, the joint windows have found.
func jointEngine(t testing.TB) *Engine {
	t.Helper()
	blind := onnxtest.Forest(feature.Count, onnxtest.Leaf(0)).Marshal()
	digest := sha256.Sum256(blind)
	manifest := forest.Manifest{
		Features: feature.Names[:], Thresholds: forest.All(0.5), Floor: forest.Floor{Events: 1, Information: 1},
		Benign: map[string]feature.Range{}, SuffixList: "any", SHA256: hex.EncodeToString(digest[:]),
	}
	for _, name := range feature.Names {
		manifest.Benign[name] = feature.Range{}
	}
	text, err := json.Marshal(manifest)
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{"forest.onnx": {Data: blind}, "forest.json": {Data: text}}
	for _, name := range []string{"autoencoder.json", "autoencoder.onnx", "joint.json", "joint.onnx", "surprisal.json", "surprisal.bin"} {
		data, err := os.ReadFile("../../model/data/" + name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: data}
	}
	config := Default()
	if config.Models, err = model.Load(files, "models"); err != nil {
		t.Fatal(err)
	}
	config.Allow, config.Standing, config.Key = verdict.Shipped(), standing.Shipped(), keyhash.New()
	e, err := New(config, nil)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// rotated are SLDs that a tunnel spreads over.
func rotated(n int) (slds []string) {
	for i := range n {
		slds = append(slds, fmt.Sprintf("%s-rotated.com", []string{"apple", "berry", "cherry", "date", "elder"}[i%5]+strings.Repeat("z", i/5)))
	}
	return slds
}

// blockedBelow asks from a query on for names below the SLDs in turn, up to another one,
// and says which SLDs end up blocked, and how many queries passed.
func blockedBelow(e *Engine, slds []string, from, to int, name func(i int) string) (blocked map[string]bool, passed int) {
	blocked = map[string]bool{}
	for i := from; i < to; i++ {
		sld := slds[i%len(slds)]
		d := ask(e, Query{Name: name(i) + "." + sld + ".", Type: dns.TypeA, Client: client, At: time.Unix(1e9+int64(7*i), 0)})
		if d.Verdict == verdict.Block {
			blocked[sld] = true
		} else {
			passed++
		}
	}
	return blocked, passed
}

// Each pair alone is far from what the forest of pairs needs.
func TestRotationIsCut(t *testing.T) {
	base64url := base64.URLEncoding.WithPadding(base64.NoPadding)
	encodings := map[string]func(r *rand.Rand) string{
		"hex":    func(r *rand.Rand) string { return hex.EncodeToString(binary.BigEndian.AppendUint64(nil, r.Uint64())) },
		"base32": func(r *rand.Rand) string { return randomLabel(r, lowerBase32, 20) },
		"base64": func(r *rand.Rand) string {
			return base64url.EncodeToString(binary.BigEndian.AppendUint64(nil, r.Uint64()))
		},
		"decimal": func(r *rand.Rand) string { return fmt.Sprintf("%020d", r.Uint64()) },
		"two": func(r *rand.Rand) string {
			return randomLabel(r, lowerBase32, 12) + "." + randomLabel(r, lowerBase32, 12)
		},
		"no equal": func(r *rand.Rand) string { return randomLabel(r, lowerBase32, 10+r.IntN(30)) },
	}
	for name, encode := range encodings {
		for _, n := range []int{2, 3, 5, 10, 20} {
			r := rand.New(rand.NewPCG(uint64(n), 7))
			blocked, passed := blockedBelow(jointEngine(t), rotated(n), 0, 80, func(int) string { return encode(r) + ".k7q" })
			if len(blocked) < n-n/20 || passed > 12+n/4 {
				t.Errorf("%s over %d SLDs: %d are blocked, %d queries passed", name, n, len(blocked), passed)
			}
		}
	}
}

// Queries that come at the same time change the window between its score and its parts.
func TestRotationIsCutConcurrently(t *testing.T) {
	e, slds := jointEngine(t), rotated(40)
	var all sync.WaitGroup
	for g := range uint64(4) {
		all.Go(func() {
			r := rand.New(rand.NewPCG(g, 11))
			for range 300 {
				sld := slds[r.IntN(len(slds))]
				ask(e, Query{Name: randomLabel(r, lowerBase32, 20) + ".k7q." + sld + ".", Type: dns.TypeA, Client: client, At: time.Unix(1e9, 0)})
			}
		})
	}
	all.Wait()
	if n := e.Flags().Len(); n != len(slds) {
		t.Errorf("%d of %d SLDs are flagged", n, len(slds))
	}
}

// A query whose SLD was cut since it entered the window, by another one at the same time, is
// blocked as well.
func TestQueryOfAnSLDThatIsCutIsBlocked(t *testing.T) {
	e, slds, r := jointEngine(t), rotated(5), rand.New(rand.NewPCG(3, 17))
	threshold := e.rules.Joint.Threshold
	e.rules.Joint.Threshold = 2 // nothing is cut yet
	var q Query
	var d *Decision
	for i := range 60 {
		q = Query{Name: randomLabel(r, lowerBase32, 20) + ".k7q." + slds[i%5] + ".", Type: dns.TypeA, Client: client, At: time.Unix(1e9+int64(7*i), 0)}
		if d = ask(e, q); d.Verdict == verdict.Block {
			t.Fatalf("query %d is blocked", i)
		}
	}
	e.rules.Joint.Threshold = threshold
	e.joint.Cut(d.Ticket.client, d.pair)
	if e.cut(&q, d, 0.99); d.Verdict != verdict.Block || d.Cited.ID == 0 || d.Ticket.Valid() {
		t.Errorf("verdict %v, flag %d, ticket %+v", d.Verdict, d.Cited.ID, d.Ticket)
	}
}

func TestOrdinaryClientsAreLeftAlone(t *testing.T) {
	words := strings.Fields("mail shop blog news images login account portal docs media static assets video search store help forum events map travel")
	sld := func(i int) string {
		return words[i%20] + words[i/20%20] + fmt.Sprint(i/400) + []string{".net", ".org", ".info"}[i%3]
	}
	for name, names := range map[string]func(i int) string{
		"browsing": func(i int) string {
			return []string{"www", "cdn-" + words[i%19], "api", "", "img" + fmt.Sprint(i%7), words[i%17] + "." + words[i%13]}[i%6]
		},
		"a mail server": func(i int) string {
			return []string{"", "_dmarc", "selector1._domainkey", fmt.Sprintf("s%d._domainkey", 20200000+i*37%70000), "mx" + fmt.Sprint(i%5), "_mta-sts"}[i%6]
		},
		"a crawler":          func(i int) string { return words[i%20] + []string{"", "-eu", "2", "." + words[i*7%20]}[i%4] },
		"one name below all": func(int) string { return "vpn-gateway-frankfurt-07" },
	} {
		e := jointEngine(t)
		for i := range 900 {
			q := Query{Name: strings.TrimPrefix(names(i)+"."+sld(i/3)+".", "."), Type: dns.TypeA, Client: client, At: time.Unix(1e9+int64(i), 0)}
			if d := ask(e, q); d.Verdict != verdict.Pass || len(d.Beside) > 0 {
				t.Errorf("%s: %s: %v, %d flags", name, q.Name, d.Verdict, len(d.Beside))
			}
		}
	}
}

// A flagged client goes on to use everything else, and each SLD has a flag of its own
// that says why.
func TestOnlySLDsOfTheTunnelAreCut(t *testing.T) {
	e, r := jointEngine(t), rand.New(rand.NewPCG(3, 4))
	ordinary := []string{"www.town-library.org.", "cdn-images.harbour-news.net.", "booking.alpine-huts.info.", "mail.school-district.org."}
	slds := append(rotated(6), `hostile\"\010name.com`)
	flagged := map[string]bool{}
	for i := range 120 {
		name := randomLabel(r, lowerBase32, 24) + ".k7q." + slds[i%len(slds)] + "."
		if i%3 == 0 {
			name = ordinary[i/3%len(ordinary)]
		}
		d := ask(e, Query{Name: name, Type: dns.TypeA, Client: client, At: time.Unix(1e9+int64(i), 0)})
		if i%3 == 0 && d.Verdict != verdict.Pass {
			t.Errorf("query %d: %s is blocked", i, name)
		}
		raised := d.Beside
		if d.Flagged != nil {
			raised = append(raised, *d.Flagged)
			if d.Verdict != verdict.Block || d.Ground != verdict.Model || string(d.Scope) != string(d.SLD()) || d.Price != 0 || d.Ticket.Valid() {
				t.Errorf("%+v", d.Ruling)
			}
		}
		for _, f := range raised {
			flagged[f.SLD] = true
			if len(f.Reasons) < 2 || !strings.Contains(f.Reasons[0].Text, " domains of this client: ") || strings.ContainsAny(strings.Join(flags.Texts(f.Reasons), ""), "\"\n") {
				t.Errorf("reasons %v", f.Reasons)
			}
			if f.UpBytes == 0 != (f.LeakedBytes == 0) || f.Queries == 0 || f.Score < e.rules.Joint.Threshold {
				t.Errorf("%+v", f)
			}
		}
		for i := range d.Beside {
			if f := &d.Beside[i]; f.Blocked != 0 || f.LeakedBytes == 0 {
				t.Errorf("%s was flagged beside: %d blocked, %d bytes leaked", f.SLD, f.Blocked, f.LeakedBytes)
			}
		}
	}
	if len(flagged) != len(slds) || e.Flags().Len() != len(slds) {
		t.Errorf("%d SLDs are flagged, %d flags; want %d", len(flagged), e.Flags().Len(), len(slds))
	}
	if d := ask(e, Query{Name: "x.k7q.apple-rotated.com.", Client: netip.MustParseAddr("192.0.2.9"), At: time.Unix(1e9+500, 0)}); d.Verdict != verdict.Pass {
		t.Error("another client is blocked")
	}
}

// What a person releases is not flagged again for what was there before.
func TestReleasedSLDBeginsAnew(t *testing.T) {
	e, r := jointEngine(t), rand.New(rand.NewPCG(5, 6))
	name := func(int) string { return randomLabel(r, lowerBase32, 24) + ".k7q" }
	if blocked, _ := blockedBelow(e, rotated(4), 0, 40, name); len(blocked) != 4 {
		t.Fatalf("%d SLDs are blocked", len(blocked))
	}
	e.Flags().Release(flags.Released, func(*flags.Flag) bool { return true })
	if blocked, passed := blockedBelow(e, rotated(4)[:1], 40, 45, name); len(blocked) > 0 || passed != 5 {
		t.Errorf("%d queries passed after the release", passed)
	}
}

// An SLD whose text is too long for the window is cut as well, at its own next query.
func TestLongSLDIsCut(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	slds := append(rotated(3), strings.Repeat("long-", 11)+"rotated.com")
	blocked, _ := blockedBelow(jointEngine(t), slds, 0, 60, func(int) string { return randomLabel(r, lowerBase32, 24) + ".k7q" })
	if len(blocked) != len(slds) {
		t.Errorf("blocked are %v", blocked)
	}
}

// Listed and popular SLDs, names of services and names that were asked for before are no
// part of joint windows.
func TestWhatJoins(t *testing.T) {
	e := jointEngine(t)
	for name, want := range map[string]bool{
		"frankfurt-gateway-07.unknown-rotated.com.":      true,
		"frankfurt-gateway-07._tcp.unknown-rotated.com.": false,
		"www.unknown-rotated.com.":                       false,
		"unknown-rotated.com.":                           false,
		"frankfurt-gateway-07.google.com.":               false,
	} {
		for i := range 2 {
			d := ask(e, Query{Name: name, Type: dns.TypeA, Client: subjectOf(name), At: time.Unix(1e9+int64(60*i), 0)})
			if _, joined := e.Joint(d); joined != (want && i == 0) {
				t.Errorf("%s, query %d: %v", name, i+1, joined)
			}
		}
	}
}

// subjectOf is a client of the name's own.
func subjectOf(name string) netip.Addr {
	return netip.AddrFrom4([4]byte{10, 0, byte(len(name)), name[0]})
}

func TestJointWindowsSurviveAReload(t *testing.T) {
	old, r := jointEngine(t), rand.New(rand.NewPCG(9, 9))
	name := func(int) string { return randomLabel(r, lowerBase32, 24) + ".k7q" }
	if blocked, _ := blockedBelow(old, rotated(5), 0, 5, name); len(blocked) > 0 {
		t.Fatal("too soon")
	}
	young, err := New(old.config, old)
	if err != nil {
		t.Fatal(err)
	}
	if blocked, passed := blockedBelow(young, rotated(5), 5, 10, name); len(blocked) < 2 {
		t.Errorf("%d of 5 more queries passed", passed)
	}
}

func TestJointPairIsTheClients(t *testing.T) {
	e := jointEngine(t)
	a := ask(e, Query{Name: "frankfurt-gateway-07.one-rotated.com.", Client: client, At: time.Unix(1e9, 0)})
	b := ask(e, Query{Name: "hamburg-terminal-13.two-rotated.com.", Client: client, At: time.Unix(1e9, 0)})
	if a.Ticket.client == 0 || a.Ticket.client != b.Ticket.client || a.Ticket.client != a.Client.All(&e.config.Key) {
		t.Errorf("%x and %x", a.Ticket.client, b.Ticket.client)
	}
}
