package detect

import (
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/notunnel/notunnel/model/forest"
	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/subject"
	"github.com/notunnel/notunnel/plugin/verdict"
)

var other = netip.MustParseAddr("192.0.2.77")

// tunnelTo asks until a query is blocked, and returns how many passed.
func tunnelTo(t *testing.T, e *Engine, r *rand.Rand, sld string, from netip.Addr, at time.Time) (passed int) {
	t.Helper()
	for passed < 500 {
		if ask(e, Query{Name: randomLabel(r, hexa, 60) + "." + randomLabel(r, hexa, 40) + "." + sld + ".", Type: 16, Client: from, At: at}).Verdict == verdict.Block {
			return passed
		}
		passed++
	}
	t.Fatal("500 queries of a tunnel passed")
	return 0
}

func passes(e *Engine, name string, from netip.Addr, at time.Time) bool {
	return ask(e, Query{Name: name, Type: 1, Client: from, At: at}).Verdict != verdict.Block
}

func allow(t *testing.T, e *Engine, domain, client string, span time.Duration, at time.Time) {
	t.Helper()
	a, err := verdict.NewAllowance(domain, client, "a test", span, at)
	if err == nil {
		err = e.Allow(a, at)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// An allowance holds for its client alone and for its time alone, and a flag that has
// not run out by then goes on.
func TestAllowanceOfAClientForAWhile(t *testing.T) {
	e, at, r := engine(t, nil), time.Unix(1.7e9, 0), rand.New(rand.NewPCG(1, 1))
	tunnelTo(t, e, r, "evil.com", client, at)
	tunnelTo(t, e, r, "evil.com", other, at)
	allow(t, e, "evil.com", "192.0.2.1", 3*time.Second, at)
	if !passes(e, "www.evil.com.", client, at) || passes(e, "www.evil.com.", other, at) {
		t.Error("the allowance is not for its client alone")
	}
	if d := ask(e, Query{Name: "x.evil.com.", Client: client, At: at}); d.Why != Allowed {
		t.Errorf("the query is %v", d.Why)
	}
	if at = at.Add(3 * time.Second); passes(e, "www.evil.com.", client, at) {
		t.Error("the allowance goes on after its time")
	}
	if n := len(e.Allowances(at)); n != 0 {
		t.Errorf("%d allowances are listed, want none", n)
	}
}

// One without an end releases the flags that it covers.
func TestAllowanceReleases(t *testing.T) {
	e, at, r := engine(t, nil), time.Unix(1.7e9, 0), rand.New(rand.NewPCG(1, 2))
	tunnelTo(t, e, r, "evil.com", client, at)
	tunnelTo(t, e, r, "evil.com", netip.MustParseAddr("198.51.100.1"), at)
	allow(t, e, "EVIL.com", "192.0.2.0/24", 0, at)
	left := e.Flags().All(at)
	if len(left) != 1 || left[0].Client.String() != "198.51.100.1" {
		t.Errorf("flags %+v, want that of the other network", left)
	}
	if !e.Disallow("evil.com", subject.ParseClient("192.0.2.0/24")) || e.Disallow("evil.com", subject.Client{}) {
		t.Error("what can be taken back is not what was allowed")
	}
	tunnelTo(t, e, r, "evil.com", client, at) // judged again
}

// A pair that is released begins anew, whatever it was flagged for.
func TestReleaseGivesAFreshBudget(t *testing.T) {
	for ground, limits := range map[verdict.Ground]meter.Limits{
		verdict.Budget:       {Up: meter.FromBytes(1 << 10), Down: meter.FromBytes(1 << 10)},
		verdict.ClientBudget: {Client: meter.FromBytes(1 << 10)},
	} {
		e, at, r := budgeted(t, 1000, limits), time.Unix(1.7e9, 0), rand.New(rand.NewPCG(1, 3))
		first := tunnelTo(t, e, r, "evil.com", client, at)
		tunnelTo(t, e, r, "evil.com", other, at)
		f, ok := e.Flags().Find(&whois(e, "evil.com.", client).Subject, at)
		if !ok || f.Ground != ground {
			t.Fatalf("the flag is %+v, want one of ground %v", f, ground)
		}
		if n := e.Release(func(id uint64) bool { return id == f.ID }, at); n != 1 {
			t.Errorf("%d flags released", n)
		}
		if again := tunnelTo(t, e, r, "evil.com", client, at); again < first-1 || again > first+1 {
			t.Errorf("ground %v: %d queries passed after the release, %d before", ground, again, first)
		}
		if tunnelTo(t, e, r, "evil.com", other, at) != 0 {
			t.Error("another client's flag was released")
		}
		if n := e.Release(func(uint64) bool { return true }, at); n != 2 || e.Flags().Len() != 0 {
			t.Errorf("%d flags released, want both", n)
		}
	}
}

func whois(e *Engine, name string, from netip.Addr) *Decision {
	d := new(Decision)
	e.Identify(Query{Name: name, Client: from}, d)
	return d
}

// What a person confirms for everyone is blocked for all, until it is released or
// marked otherwise, and outlives the flag and the engine.
func TestConfirmedForEveryone(t *testing.T) {
	e, at, r := engine(t, nil), time.Unix(1.7e9, 0), rand.New(rand.NewPCG(1, 4))
	tunnelTo(t, e, r, "evil.com", client, at)
	f := e.Flags().All(at)[0]
	for _, m := range []flags.Mark{{}, {Opinion: "perhaps"}, {Opinion: flags.False, Everyone: true}, {Opinion: flags.True, Note: strings.Repeat("x", 5000)}} {
		m.Flag = f
		if err := e.Mark(m); err == nil {
			t.Errorf("mark %+v is taken", m)
		}
	}
	mark := func(o flags.Opinion, everyone bool) {
		t.Helper()
		if err := e.Mark(flags.Mark{Flag: f, Opinion: o, Everyone: everyone, At: at}); err != nil {
			t.Fatal(err)
		}
	}
	mark(flags.True, false)
	if !passes(e, "www.evil.com.", other, at) {
		t.Error("a mark for nobody else blocks")
	}
	mark(flags.True, true)
	at = at.Add(2 * time.Hour) // the flag is over
	d := ask(e, Query{Name: "www.evil.com.", Type: 1, Client: other, At: at})
	if d.Verdict != verdict.Block || d.Ground != verdict.Deny || string(d.Scope) != "evil.com" {
		t.Errorf("%+v, want a block for everyone", d.Ruling)
	}
	config := e.config
	config.Bits4 = 24
	next, err := New(config, e)
	if err != nil {
		t.Fatal(err)
	}
	if passes(next, "www.evil.com.", other, at) {
		t.Error("the next engine does not block it")
	}
	if n := next.Release(func(id uint64) bool { return id == f.ID }, at); n != 1 || !passes(next, "www.evil.com.", other, at) {
		t.Error("it cannot be released")
	}
	if mark(flags.False, false); !passes(e, "www.evil.com.", other, at) {
		t.Error("it cannot be marked otherwise")
	}
}

// What is explained is what holds, and nothing is changed by it.
func TestExplain(t *testing.T) {
	e, at, r := budgeted(t, 1000, meter.Limits{Up: meter.FromBytes(1 << 10), Down: meter.FromBytes(1 << 10)}), time.Unix(1.7e9, 0), rand.New(rand.NewPCG(1, 5))
	explain := func(name string, from netip.Addr) (x Explanation) {
		e.Explain(Query{Name: name, Client: from, At: at}, &x)
		return x
	}
	if x := explain("www.evil.com.", client); x.Now.Verdict != verdict.Pass || x.Scored || x.Flag != nil || x.Up != 0 {
		t.Errorf("before anything was asked: %+v", x.Now)
	}
	ask(e, Query{Name: "evil.com.", Client: client, At: at})
	tunnelTo(t, e, r, "evil.com", client, at)
	long := randomLabel(r, hexa, 60) + "." + randomLabel(r, hexa, 60)
	blocked := e.Flags().All(at)[0].Blocked
	held, _ := e.Count()
	for range 5 {
		x := explain(long+".evil.com.", client)
		if known := explain("evil.com.", client); known.Now.Verdict != verdict.Pass {
			t.Fatalf("a name that passes: %+v", known.Now)
		}
		if x.Now.Ground != verdict.Budget || x.Flag == nil || x.Flag.Ground != verdict.Budget || x.Up == 0 || !x.Scored || len(x.Reasons) != 1 || x.Limits.Up != meter.FromBytes(1<<10) {
			t.Fatalf("%+v, flag %+v, reasons %v", x.Now, x.Flag, x.Reasons)
		}
		if x := explain("www.evil.com.", other); x.Flag != nil || x.Up != 0 {
			t.Fatalf("another client: %+v", x)
		}
	}
	if now, _ := e.Count(); now != held || e.Flags().All(at)[0].Blocked != blocked {
		t.Error("explaining has changed something")
	}
	if x := explain("www.google.com.", client); x.Limits.Up != meter.FromBytes(1<<10) { // no list of popular domains here
		t.Errorf("%+v", x.Limits)
	}
}

// An order about nobody costs a query nothing from the heap.
func TestOrdersDoNotAllocate(t *testing.T) {
	e, at := engine(t, func(c *Config) { c.Thresholds = forest.All(1) }), time.Unix(1.7e9, 0)
	allow(t, e, "somewhere.org", "192.0.2.1", time.Hour, at)
	var d Decision
	q := Query{Name: "www.ordinary.org.", Type: 1, Client: client, At: at}
	e.Query(q, &d)
	if n := testing.AllocsPerRun(100, func() { e.Query(q, &d) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	q.Name = "www.somewhere.org."
	if n := testing.AllocsPerRun(100, func() { e.Query(q, &d) }); n != 0 || d.Why != Allowed {
		t.Errorf("%v allocations, %v", n, d.Why)
	}
}

// A flag knows when the window that it rests on began, and not one before that.
func TestFlagKnowsItsFirstQuery(t *testing.T) {
	e, at, r := engine(t, nil), time.Unix(1.7e9, 0), rand.New(rand.NewPCG(1, 9))
	ask(e, Query{Name: "www.evil.com.", Type: 1, Client: client, At: at})
	begin := at.Add(24 * time.Hour)
	ask(e, Query{Name: "www.evil.com.", Type: 1, Client: client, At: begin})
	tunnelTo(t, e, r, "evil.com", client, begin.Add(time.Minute))
	f := e.Flags().All(begin)[0]
	if d := begin.Sub(f.First); d < 0 || d > time.Second || f.Since != begin.Add(time.Minute) {
		t.Errorf("first %v, since %v; the window began at %v", f.First, f.Since, begin)
	}
}

// What is allowed for an address holds for who asks from it, for a forwarder it holds for
// all behind it, and of a subnet all must be covered; so it is with exemptions.
func TestWhoIsCoveredBehindForwarders(t *testing.T) {
	mac := subject.ID{Kind: subject.MAC, Bytes: []byte{2, 0, 0, 0, 0, 1}}
	other := subject.ID{Kind: subject.MAC, Bytes: []byte{2, 0, 0, 0, 0, 2}}
	subnet := subject.ID{Kind: subject.Subnet, Bits: 24}
	for _, c := range []struct {
		id    subject.ID
		whose string
		want  bool
	}{
		{mac, "192.0.2.1", true}, {mac, "192.0.2.2", false}, {mac, "mac:02:00:00:00:00:01", true}, {other, "mac:02:00:00:00:00:01", false},
		{mac, "", true}, {mac, "cpe:x", false}, {subject.ID{Kind: subject.CPE, Bytes: []byte("x")}, "cpe:x", true},
		{subnet, "192.0.2.0/24", true}, {subnet, "192.0.0.0/16", true}, {subnet, "192.0.2.0/25", false}, {subnet, "192.0.2.1", false},
	} {
		e, at := engine(t, nil), time.Unix(1.7e9, 0)
		allow(t, e, "evil.com", c.whose, 0, at)
		q := Query{Name: "www.evil.com.", Type: 1, Client: client, ID: c.id, At: at}
		if d := ask(e, q); (d.Why == Allowed) != c.want {
			t.Errorf("%s is %v by what is allowed for %q", d.Client, d.Why, c.whose)
		}
		network, err := subject.ParseNetwork(c.whose)
		if err != nil {
			continue
		}
		e = engine(t, func(config *Config) { config.Exempt = []netip.Prefix{network} })
		if d := ask(e, q); (d.Why == Exempt) != c.want {
			t.Errorf("%s is %v where %s is exempt", d.Client, d.Why, c.whose)
		}
	}
}
