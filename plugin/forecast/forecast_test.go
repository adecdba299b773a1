package forecast

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/model"
	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/standing"
	"github.com/notunnel/notunnel/plugin/subject"
	"github.com/notunnel/notunnel/plugin/verdict"
)

var begin = time.Unix(1.7e9, 0)

// As many as there were are counted, within a tenth.
func TestDistinct(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{0, 1, 2, 10, 100, 1000, 3000} {
		var d distinct
		for range n {
			h := r.Uint64()
			d.add(h)
			d.add(h)
		}
		if got := d.count(); math.Abs(float64(got-n)) > 0.1*float64(n) {
			t.Errorf("%d are counted as %d", n, got)
		}
	}
	var all distinct
	for range 100_000 {
		all.add(r.Uint64())
	}
	if got := all.count(); got != MostCounted {
		t.Errorf("100,000 are counted as %d", got)
	}
}

// The range of false blocks holds what was seen, is in order, narrows with marks, and is
// never above what was seen could be.
func TestWeekly(t *testing.T) {
	r, held := rand.New(rand.NewPCG(2, 2)), model.HeldOut{Benign: 1000, Flagged: 5}
	for range 2000 {
		c := tally{flags: r.IntN(50), judged: r.IntN(1000) - 1}
		marked := r.IntN(c.flags + 1)
		c.mistakes = r.IntN(marked + 1)
		c.tunnels = marked - c.mistakes
		days := 0.1 + 20*r.Float64()
		f := c.weekly(days, held)
		week := 7 / max(days, 1)
		if f.Low < 0 || f.Low > f.High || f.Low < float64(c.mistakes)*week-1e-9 && marked > 0 || f.High < float64(c.mistakes)*week || f.High > atMost(c.flags)*week || math.IsNaN(f.High) {
			t.Fatalf("%+v in %.1f days: %+v", c, days, f)
		}
	}
	open, all := tally{flags: 20, judged: -1}.weekly(7, held), tally{flags: 20, tunnels: 20, judged: -1}.weekly(7, held)
	if all.High >= open.High || all.Low > 1 {
		t.Errorf("all marked true: %+v, none marked: %+v", all, open)
	}
	// Poisson: 0 seen is compatible with 3.69, 10 with 18.39 (tables of exact limits).
	for n, want := range map[int]float64{0: 3.69, 10: 18.39} {
		if got := atMost(n); math.Abs(got-want) > 0.03*want {
			t.Errorf("at most %.2f for %d, want %.2f", got, n, want)
		}
	}
}

type known map[string]standing.Standing

func (k known) Standing(sld []byte) standing.Standing { return k[string(sld)] }

// ask shows an observer a query and its reply.
func ask(t *testing.T, o *Observer, who, name string, qtype uint16, at time.Time, m *dns.Msg) {
	t.Helper()
	s := subject.Subject{Client: subject.ParseClient(who)}
	s.Parse(name)
	if o.Samples(name) {
		o.Exchange(known{"google.com": standing.Popular}, &s, qtype, m, at)
	}
}

func reply(name, address string, aa bool, rcode int) *dns.Msg {
	m := &dns.Msg{MsgHdr: dns.MsgHdr{Authoritative: aa, Rcode: rcode}}
	if address != "" {
		m.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeA}, A: netip.MustParseAddr(address).AsSlice()}}
	}
	return m
}

func engine(t *testing.T, limits meter.Limits) *detect.Engine {
	t.Helper()
	models, err := model.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	config := detect.Default()
	config.Models, config.Budget, config.Allow = models, limits, verdict.Shipped()
	e, err := detect.New(config, nil)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Each kind of evidence alone makes a domain one's own, and what looks like it does not.
func TestOwnDomains(t *testing.T) {
	o := New(Config{Domains: 1000, Every: 1}, time.Time{})
	for i := range 60 {
		who, at := fmt.Sprintf("192.0.2.%d", i%10), begin.Add(time.Duration(i)*time.Minute)
		host := fmt.Sprintf("host%d.", i)
		ask(t, o, who, host+"private.org.", dns.TypeA, at, reply(host+"private.org.", "10.1.2.3", false, 0))
		ask(t, o, who, host+"served.org.", dns.TypeA, at, reply(host+"served.org.", "203.0.113.9", true, 0))
		ask(t, o, who, "_ldap._tcp.dc._msdcs.directory.org.", dns.TypeSRV, at, reply("", "", false, 0))
		ask(t, o, who, "www.google.com.corp.suffix.org.", dns.TypeA+27*uint16(i%2), at, reply("", "", false, dns.RcodeNameError))
		ask(t, o, who, host+"public.org.", dns.TypeA, at, reply(host+"public.org.", "203.0.113.9", false, 0))
		ask(t, o, who, host+"other.org.", dns.TypeA, at, reply(host+"other.org.", "203.0.113.9", false, 0))
		ask(t, o, who, host+"blocklist.org.", dns.TypeA, at, reply(host+"blocklist.org.", "127.0.0.2", false, 0))
		ask(t, o, who, "router.public2.org.", dns.TypeA, at, reply("router.public2.org.", "192.168.1.1", false, 0))
		ask(t, o, who, host+"google.com.", dns.TypeA, at, reply(host+"google.com.", "10.1.2.3", false, 0))
	}
	r := o.Make(engine(t, meter.Limits{}), Source{Mode: "recorded", Judged: -1}, begin.Add(time.Hour))
	found := map[string]string{}
	for _, p := range r.Own {
		found[p.What] = strings.Join(p.Evidence, "; ")
		if p.Line != "allow "+p.What || !strings.Contains(found[p.What], "asked by 10 of 10 clients") {
			t.Errorf("%+v", p)
		}
	}
	for sld, want := range map[string]string{
		"private.org": "60 of 60 addresses in replies are private", "served.org": "60 of 60 replies are authoritative",
		"directory.org": "10 clients look for a directory's services", "suffix.org": "10 clients put it behind other domains' names",
	} {
		if !strings.Contains(found[sld], want) {
			t.Errorf("%s: %q", sld, found[sld])
		}
	}
	if len(found) != 4 {
		t.Errorf("found %v", found)
	}
}

// What a server sees of a sample leads to the same proposals as all of it.
func TestSampleFindsTheSame(t *testing.T) {
	for _, every := range []uint64{1, 32} {
		o := New(Config{Domains: 4096, Every: every}, begin)
		for day := range 7 {
			for i := range 3000 {
				at := begin.Add(time.Duration(day)*24*time.Hour + time.Duration(i)*24*time.Second)
				sender := fmt.Sprintf("sender%d.org.", i)
				ask(t, o, "192.0.2.1", sender, dns.TypeMX, at, reply("", "", false, 0))
				ask(t, o, "192.0.2.1", "_dmarc."+sender, dns.TypeTXT, at, reply("", "", false, 0))
				for hour := range 24 {
					host := fmt.Sprintf("host%d.private.org.", i)
					if i < 2000 && day < 1 {
						ask(t, o, "192.0.2.2", host, dns.TypeA, begin.Add(time.Duration(hour)*time.Hour+time.Duration(i)*time.Second), reply(host, "10.0.0.1", false, 0))
					}
				}
				ask(t, o, "192.0.2.3", fmt.Sprintf("%d.%d.0.192.in-addr.arpa.", i%250, i/250), dns.TypePTR, at, reply("", "", false, dns.RcodeNameError))
				ask(t, o, "192.0.2.4", fmt.Sprintf("www.site%d.org.", i%150), dns.TypeA, at, reply("", "203.0.113.1", false, 0))
			}
		}
		r := o.Make(engine(t, meter.Limits{}), Source{Mode: "monitor", Judged: -1, Live: true}, begin.Add(7*24*time.Hour))
		var got []string
		for _, p := range r.Servers {
			got = append(got, p.What+" "+p.Kind)
		}
		if fmt.Sprint(got) != "[192.0.2.3 addresses 192.0.2.1 mail 192.0.2.2 scanner]" || len(r.Own) != 1 || r.Own[0].What != "private.org" || r.Sample != every {
			t.Errorf("one of %d: %v, own %+v", every, got, r.Own)
		}
	}
}

// A machine that looks lists up and asks for much else may be a router with people behind
// it, so that its line is a comment. A tunnel of keys is no resolver.
func TestServersToLookAtFirst(t *testing.T) {
	o := New(Config{Domains: 1000, Every: 1}, time.Time{})
	for i := range 200 {
		for _, who := range []string{"192.0.2.1", "192.0.2.2"} {
			ask(t, o, who, fmt.Sprintf("%d.2.0.192.bl.list.org.", i), dns.TypeA, begin, reply("", "127.0.0.2", false, 0))
		}
		ask(t, o, "192.0.2.2", fmt.Sprintf("www.site%d.org.", i), dns.TypeA, begin, reply("", "203.0.113.1", false, 0))
		ask(t, o, "192.0.2.3", fmt.Sprintf("%x.evil.org.", uint64(i)*0x9e3779b97f4a7c15), dns.TypeDNSKEY, begin, reply("", "", false, 0))
		ask(t, o, "192.0.2.4", fmt.Sprintf("zone%d.org.", i), dns.TypeDNSKEY, begin, reply("", "", false, 0))
	}
	r := o.Make(engine(t, meter.Limits{}), Source{Mode: "recorded", Judged: -1}, begin.Add(48*time.Hour))
	want := map[string]bool{"192.0.2.1 mail": false, "192.0.2.2 mail": true, "192.0.2.4 resolver": true}
	for _, p := range r.Servers {
		caution, ok := want[p.What+" "+p.Kind]
		if comment := strings.Contains(fmt.Sprint(r.Lines), "# "+p.Line+" # "+p.Caution); !ok || caution != (p.Caution != "") || caution != comment {
			t.Errorf("%+v, lines %q", p, r.Lines)
		}
	}
	if len(r.Servers) != len(want) {
		t.Errorf("%d servers", len(r.Servers))
	}
}

// What people marked false is proposed, and what they marked true counts for nothing else.
// Names that are hostile make no line of a Corefile.
func TestMarksAndHostileNames(t *testing.T) {
	e, o := engine(t, meter.Limits{}), New(Config{Domains: 16, Every: 1}, begin)
	e.Flags().Follow(o.Flagged)
	r := rand.New(rand.NewPCG(3, 3))
	var d detect.Decision
	for _, sld := range []string{"backup.org", "evil.org", `b}\010allow com\010.org`} {
		for i := 0; i < 400 && d.Verdict != verdict.Block; i++ {
			label := make([]byte, 60)
			for j := range label {
				label[j] = "abcdefghijklmnopqrstuvwxyz234567"[r.IntN(32)]
			}
			e.Query(detect.Query{Name: string(label) + "." + sld + ".", Type: dns.TypeA, Client: netip.MustParseAddr("192.0.2.1"), At: begin}, &d)
		}
		if d.Verdict != verdict.Block {
			t.Fatalf("%s is not flagged", sld)
		}
		d.Ruling = verdict.Ruling{}
	}
	for _, f := range e.Flags().All(begin) {
		opinion := flags.False
		if f.SLD == "evil.org" {
			opinion = flags.True
		}
		if err := e.Mark(flags.Mark{Flag: f, Opinion: opinion, Note: "said \x1b[2J so", At: begin}); err != nil {
			t.Fatal(err)
		}
	}
	e.Flags().Release(flags.Released, func(*flags.Flag) bool { return true }) // what has ended is still told
	report := o.Make(e, Source{Mode: "monitor", Judged: -1, Live: true}, begin.Add(48*time.Hour))
	if len(report.Blocked) != 3 || len(report.Marked) != 2 || report.False.Low <= 0 {
		t.Fatalf("%+v", report)
	}
	for _, line := range report.Lines {
		if strings.ContainsAny(line, "\n{}") || strings.HasPrefix(line, "allow") && line != "allow backup.org # marked" {
			t.Errorf("line %q", line)
		}
	}
	if !strings.Contains(fmt.Sprint(report.Lines), "allow backup.org # marked") {
		t.Errorf("%q", report.Lines)
	}
}

// An observer takes no more memory than plugin/README.md says.
func TestMemory(t *testing.T) {
	before := heap()
	o := New(Config{Domains: 1 << 13, Every: 1}, begin)
	for i := range 1 << 14 {
		who, name := fmt.Sprintf("192.0.%d.%d", i>>8, i&255), fmt.Sprintf("www.some-company-%d.org.", i)
		ask(t, o, who, name, dns.TypeA, begin, reply(name, "203.0.113.1", false, 0))
		client := subject.ParseClient(who)
		o.Metered(meter.Passed{Account: uint64(i), Domain: []byte(name), Client: &client, Factor: 1, Up: meter.FromBytes(4096)})
		o.Metered(meter.Passed{Account: 1<<40 + uint64(i), Client: &client, Up: meter.FromBytes(4096)})
		f := flags.Flag{ID: uint64(i), SLD: name, Scope: strings.Clone(name), Client: client, Reasons: make([]flags.Reason, 4)}
		for j := range f.Reasons {
			f.Reasons[j].Text = strings.Repeat("x", 80)
		}
		o.Flagged(flags.Change{Flag: f})
	}
	if took := heap() - before; took > 30<<20 {
		t.Errorf("%d MiB", took>>20)
	} else {
		t.Logf("%.1f MiB", float64(took)/(1<<20))
	}
	if o.flagged.lost != 1<<14-mostFlags {
		t.Errorf("%d flags are told to be lost", o.flagged.lost)
	}
	e, began := engine(t, meter.Limits{}), time.Now()
	o.Make(e, Source{Mode: "monitor", Judged: -1, Live: true}, begin.Add(48*time.Hour))
	t.Logf("made in %v", time.Since(began))
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// However much there is, memory is bounded, and what there is no room for still counts
// for the budget.
func TestDemandIsBounded(t *testing.T) {
	o, client := New(Config{Domains: 4, Every: 1}, begin), subject.ParseClient("192.0.2.1")
	kib := meter.FromBytes(1 << 10)
	for i := range uint64(2 * mostDemands) {
		now := meter.Passed{Account: i, Domain: fmt.Appendf(nil, "d%d.org", i), Client: &client, Factor: 1, Kind: meter.Fresh, Up: kib, Down: kib / 2}
		if i == 2*mostDemands-1 {
			now.Up = 100 * kib
		}
		o.Metered(now)
		o.Metered(meter.Passed{Account: 1<<40 + i, Client: &client, Up: kib})
	}
	if len(o.demand.pairs) > mostDemands || len(o.demand.clients) > mostDemands || len(o.demand.rest) != 1 {
		t.Errorf("%d pairs, %d clients, %d more", len(o.demand.pairs), len(o.demand.clients), len(o.demand.rest))
	}
	o.all.replies = 1
	r := o.Make(engine(t, meter.Limits{}), Source{Mode: "monitor", Judged: -1, Live: true}, begin.Add(48*time.Hour))
	if got := r.Budget.Tightest[0]; got != "256KiB" {
		t.Errorf("tightest %v", r.Budget.Tightest)
	}
}

func BenchmarkSamples(b *testing.B) {
	o := New(Config{Domains: 4, Every: 32}, begin)
	for b.Loop() {
		o.Samples("www.department.example.com.")
	}
}

func BenchmarkExchange(b *testing.B) {
	o, s, m := New(Config{Domains: 64, Every: 1}, begin), subject.Subject{Client: subject.ParseClient("192.0.2.1")}, reply("x.", "203.0.113.1", false, 0)
	s.Parse("www.department.example.com.")
	k := known{}
	for b.Loop() {
		o.Exchange(k, &s, dns.TypeA, m, begin)
	}
}

// Whatever a client asks for does no harm.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"", ".", "www.example.com.", "4.3.2.1.bl.example.org.", `a\.b..c.example.com.`, "_spf.x.corp.example.com.", "1.0.0.127.in-addr.arpa.", "..com.", `\000.com.com.`} {
		f.Add(seed, uint16(1), uint8(3))
	}
	f.Fuzz(func(t *testing.T, name string, qtype uint16, rcode uint8) {
		o := New(Config{Domains: 2, Every: 1}, time.Time{})
		for i := range 3 {
			ask(t, o, fmt.Sprintf("192.0.2.%d", i), name, qtype, begin, reply(name, "10.0.0.1", true, int(rcode)))
		}
		if o.domains.Len() > 2 || o.clients.Len() > 2 {
			t.Fatal("more is kept than there is room for")
		}
	})
}
