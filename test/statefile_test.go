package test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/test/lab"
)

// again starts the resolver another time with the same Corefile.
func (f *fixture) again(t *testing.T) {
	t.Helper()
	var err error
	if f.Resolver, err = lab.Start(coredns, "-conf", f.corefile); err != nil {
		t.Fatal(err)
	}
}

// A flag outlives kill -9 two seconds after it was raised.
func TestFlagOutlivesAKill(t *testing.T) {
	sample, path := tunnel(t), filepath.Join(t.TempDir(), "state")
	f := start(t, "notunnel {\n state "+path+"\n}", sample.Answer)
	zone := sld(t, sample)
	replay(t, f.from("127.0.0.2"), sample, dns.RcodeNameError)
	time.Sleep(2 * time.Second)
	asked := f.upstream.Asked(zone)
	if err := f.Kill(); err != nil {
		t.Fatal(err)
	}
	f.again(t)
	ask(t, f.from("127.0.0.2"), "www."+zone, dns.TypeA, dns.RcodeNameError)
	if f.upstream.Asked(zone) != asked {
		t.Error("a query of the blocked pair reached the upstream")
	}
	ask(t, f.from("127.0.0.3"), "www."+zone, dns.TypeA, dns.RcodeSuccess)
	m := f.scrape(t)
	if age := m.Sum("coredns_notunnel_state_age_seconds"); !m.Has("coredns_notunnel_state_age_seconds") || age < 0 || age > 60 {
		t.Errorf("the state is %v s old", age)
	}
	f.says(t, "state: "+path+" of ")
	f.says(t, ": 1 flags, 0 allowances, 0 marks")
	f.healthy(t)
}

// What was metered outlives a restart and a reload with other options.
func TestMetersOutliveRestartAndReload(t *testing.T) {
	path, r := filepath.Join(t.TempDir(), "state"), rand.New(rand.NewPCG(1, 1))
	config := func(more string) string {
		return "notunnel {\n state " + path + "\n threshold 1\n budget 1KiB 8KiB\n" + more + "}"
	}
	f := start(t, config(""), lab.Address)
	tunnel := func() bool {
		m, err := f.from("127.0.0.2").Ask(lab.Query(fmt.Sprintf("%016x%016x.spent-budget.com", r.Uint64(), r.Uint64()), dns.TypeA, true))
		if err != nil {
			t.Fatal(err)
		}
		return m.Rcode == dns.RcodeSuccess
	}
	passed := 0
	for ; tunnel(); passed++ {
		if passed > 1000 {
			t.Fatal("the budget is never spent")
		}
	}
	steps := map[string]func(){
		"restart": func() {
			if err := f.Stop(); err != nil {
				t.Fatal(err)
			}
			f.again(t)
		},
		"reload": func() {
			f.write(t, config(" capacity 1000\n"))
			if err := f.Reload(); err != nil {
				t.Fatal(err)
			}
		},
	}
	for _, name := range strings.Fields("restart reload restart") {
		if steps[name](); tunnel() {
			t.Fatalf("after a %s the budget of %d queries is there again", name, passed)
		}
	}
	f.healthy(t)
}

// A file that is of no use is set aside, and the start goes on; one that cannot be
// written, or that two engines name, stops it.
func TestStateFileThatIsOfNoUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	writeFile(t, path, "something else\n")
	f := start(t, "notunnel {\n state "+path+"\n}", lab.Address)
	if !f.Log.Contains("[WARNING] plugin/notunnel: state: " + path + " is of no use") {
		t.Error("the start does not say that it sets the file aside")
	}
	if aside, _ := filepath.Glob(path + ".aside-*"); len(aside) != 1 {
		t.Errorf("set aside: %v", aside)
	}
	before := f.config
	f.write(t, before+"\n}\n.:"+freePort(t)+" {\n bind 127.0.0.1\n notunnel {\n  state "+path+"\n  window 2h\n }")
	if err := f.FailToReload(); err != nil {
		t.Fatal(err)
	}
	f.says(t, "two server blocks with different options name the state file "+path)
	f.write(t, before)
	if err := f.Reload(); err != nil {
		t.Fatal(err)
	}
	corefile := ".:" + freePort(t) + " {\n bind 127.0.0.1\n notunnel {\n state " + path + "\n }\n whoami\n}\n"
	if r, err := lab.Start(coredns, "-conf", write(t, corefile)); err == nil {
		r.Stop()
		t.Error("a second server takes the same file")
	} else if !strings.Contains(err.Error(), path+" is in use by another server") {
		t.Error(err)
	}
	f.healthy(t)
}

// A state file that comes with a reload has what the engine had; what lay there before
// is set aside.
func TestStateFileComesWithAReload(t *testing.T) {
	sample, path := tunnel(t), filepath.Join(t.TempDir(), "state")
	zone := sld(t, sample)
	writeFile(t, path, "something else\n")
	f := start(t, "notunnel", sample.Answer)
	replay(t, f.from("127.0.0.2"), sample, dns.RcodeNameError)
	f.write(t, "notunnel {\n state "+path+"\n}")
	if err := f.Reload(); err != nil {
		t.Fatal(err)
	}
	if err := f.Kill(); err != nil {
		t.Fatal(err)
	}
	if old, _ := filepath.Glob(path + ".aside-*"); len(old) != 1 {
		t.Errorf("set aside: %v", old)
	} else if text, err := os.ReadFile(old[0]); err != nil || string(text) != "something else\n" {
		t.Errorf("set aside: %q, error %v", text, err)
	}
	f.again(t)
	ask(t, f.from("127.0.0.2"), "www."+zone, dns.TypeA, dns.RcodeNameError)
}
