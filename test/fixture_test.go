package test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/test/lab"
)

// fixture is a resolver with an upstream of its own.
type fixture struct {
	*lab.Resolver
	upstream *lab.Upstream
	addr     string // of the resolver
	corefile string // path of its Corefile
	config   string // what stands in it for the plugin
	metrics  string // host:port
}

// start runs a resolver with the given lines for the plugin, "" for none.
func start(t *testing.T, config string, answer lab.Answer) *fixture {
	t.Helper()
	if err := lab.CheckLoopback(); err != nil {
		skip(t, err)
	}
	up, err := lab.StartUpstream(answer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { up.Stop() })
	f := &fixture{
		upstream: up,
		addr:     net.JoinHostPort("127.0.0.1", freePort(t)),
		metrics:  net.JoinHostPort("127.0.0.1", freePort(t)),
		corefile: filepath.Join(t.TempDir(), "Corefile"),
	}
	f.write(t, config)
	if f.Resolver, err = lab.Start(coredns, "-conf", f.corefile); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the resolver wrote:\n%s", f.Log)
		}
	})
	return f
}

// write puts a Corefile there with the given lines for the plugin.
func (f *fixture) write(t *testing.T, config string) {
	t.Helper()
	host, port, err := net.SplitHostPort(f.addr)
	if err != nil {
		t.Fatal(err)
	}
	f.config = config
	text := ".:" + port + " {\n bind " + host + "\n errors\n metadata\n prometheus " + f.metrics + "\n" +
		config + "\n cache 30\n forward . " + f.upstream.Addr + "\n}\n"
	if err := os.WriteFile(f.corefile, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// from is a client at a source address.
func (f *fixture) from(source string) lab.Client {
	return lab.Client{Source: source, Server: f.addr}
}

func (f *fixture) scrape(t *testing.T) lab.Metrics {
	t.Helper()
	m, err := lab.Scrape(f.metrics, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// flags are the pairs in the log.
func (f *fixture) flags(t *testing.T) []lab.Flag {
	t.Helper()
	flags, err := f.Log.Flags()
	if err != nil {
		t.Fatal(err)
	}
	return flags
}

// says waits until something is in the log: it comes through a pipe.
func (f *fixture) says(t *testing.T, text string) {
	t.Helper()
	if err := lab.Wait("log line with "+text, func() bool { return f.Log.Contains(text) }); err != nil {
		t.Error(err)
	}
}

// healthy checks that the resolver answers and that nothing went wrong in it.
func (f *fixture) healthy(t *testing.T) {
	t.Helper()
	ask(t, f.from("127.0.0.1"), "www.still-answering.net", dns.TypeA, dns.RcodeSuccess)
	m := f.scrape(t)
	for _, name := range []string{"coredns_panics_total", "coredns_notunnel_faults_total"} {
		if m[name] == nil {
			t.Errorf("metric %s is missing", name)
		} else if n := m.Sum(name); n != 0 {
			t.Errorf("%s is %v", name, n)
		}
	}
	if strings.Contains(f.Log.String(), "fault in stage") {
		t.Error("a fault is in the log")
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	port, err := lab.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// ask asks and checks the response code.
func ask(t *testing.T, c lab.Client, name string, qtype uint16, rcode int) *dns.Msg {
	t.Helper()
	m, err := c.Ask(lab.Query(name, qtype, true))
	if err != nil {
		t.Fatalf("%s asks for %s: %v", c.Source, name, err)
	}
	if m.Rcode != rcode {
		t.Fatalf("%s asks for %s: %s, want %s", c.Source, name, dns.RcodeToString[m.Rcode], dns.RcodeToString[rcode])
	}
	return m
}
