//go:build e2e

package test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/test/lab"
)

// rig is a tunnel's server behind a recorder behind a resolver, and clients.
type rig struct {
	resolver  *lab.Resolver
	recorder  *recorder
	corefile  string
	server    namespace // of resolver and tunnel server
	clients   namespace // may be the same
	addr      string    // of the resolver, without port
	sld       string
	guilty    string // addresses of the clients
	other     string
	innocent  string
	transfers int64 // bytes that the service sends

	// open starts the tunnel's client and connects to the service through it;
	// there is no connection where the client found none. end stops the client.
	open func(t *testing.T) (conn net.Conn, end func())
}

// Ports on the resolver's side.
const (
	recorderAddr = "127.0.0.1:5301"
	tunnelPort   = "5300"
	metricsPort  = "9153"
	servicePort  = "7000"
)

// resolve starts the resolver with the given lines for the plugin.
func (r *rig) resolve(t *testing.T, config string) {
	t.Helper()
	r.corefile = filepath.Join(t.TempDir(), "Corefile")
	r.configure(t, config)
	var err error
	if r.resolver, err = lab.Start(r.server.command(coredns, "-conf", r.corefile)...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.resolver.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the resolver wrote:\n%s", r.resolver.Log)
		}
	})
}

// configure writes the Corefile.
func (r *rig) configure(t *testing.T, config string) {
	t.Helper()
	text := fmt.Sprintf(".:53 {\n bind %s\n errors\n metadata\n prometheus %s:%s\n %s\n cache 30\n forward . %s\n}\n",
		r.addr, r.addr, metricsPort, config, recorderAddr)
	if err := os.WriteFile(r.corefile, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// ask asks the resolver as one of the clients.
func (r *rig) ask(source, name string) (m *dns.Msg, err error) {
	err = r.clients.do(func() (err error) {
		c := lab.Client{Source: source, Server: net.JoinHostPort(r.addr, "53")}
		m, err = c.Ask(lab.Query(name, dns.TypeA, true))
		return err
	})
	return m, err
}

// answers checks that a client gets the address of a name.
func (r *rig) answers(t *testing.T, source, name string) {
	t.Helper()
	m, err := r.ask(source, name)
	if err != nil {
		t.Fatalf("%s asks for %s: %v", source, name, err)
	}
	if err := rightAddress(m); err != nil {
		t.Errorf("%s asks for %s: %v", source, name, err)
	}
}

func rightAddress(m *dns.Msg) error {
	if m.Rcode != dns.RcodeSuccess || len(m.Answer) != 1 {
		return fmt.Errorf("want one address, got:\n%v", m)
	}
	a, ok := m.Answer[0].(*dns.A)
	if !ok || !a.A.Equal(net.IPv4(192, 0, 2, 1)) {
		return fmt.Errorf("want 192.0.2.1, got %v", m.Answer[0])
	}
	return nil
}

// fewestLookups are the innocent client's, in a test that ends soon.
const fewestLookups = 20

// lookUp has the innocent client look up one name after the other until the
// returned function is called, which checks that each was answered.
func (r *rig) lookUp(t *testing.T) (stop func()) {
	end, done := make(chan struct{}), make(chan struct{})
	asked, failed := 0, []error(nil)
	go func() {
		defer close(done)
		for ; ; asked++ {
			select {
			case <-end:
				if asked >= fewestLookups {
					return
				}
			case <-time.After(20 * time.Millisecond):
			}
			m, err := r.ask(r.innocent, fmt.Sprintf("host-%d.ordinary-site.org", asked))
			if err == nil {
				err = rightAddress(m)
			}
			if err != nil {
				failed = append(failed, err)
			}
		}
	}()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			close(end)
			<-done
			if len(failed) > 0 {
				t.Errorf("%d of the innocent client's %d lookups failed, first: %v", len(failed), asked, failed[0])
			}
			t.Logf("the innocent client's %d lookups were answered", asked-len(failed))
		})
	}
	t.Cleanup(stop)
	return stop
}

// flag waits for the log line.
func (r *rig) flag(t *testing.T) lab.Flag {
	t.Helper()
	var flags []lab.Flag
	err := lab.Wait("flag in the resolver's log", func() bool {
		var err error
		if flags, err = r.resolver.Log.Flags(); err != nil {
			t.Fatal(err)
		}
		return len(flags) > 0
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(flags) != 1 || flags[0].SLD != r.sld || flags[0].Client != r.guilty {
		t.Fatalf("flags %+v, want one of %s, client %s", flags, r.sld, r.guilty)
	}
	return flags[0]
}

func (r *rig) scrape(t *testing.T) lab.Metrics {
	t.Helper()
	m, err := lab.Scrape(net.JoinHostPort(r.addr, metricsPort), r.server.dial)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// serve sends r.transfers bytes that cannot be compressed to whoever connects.
func (r *rig) serve(t *testing.T, ip string) {
	t.Helper()
	var l net.Listener
	var err error
	if wait := lab.Wait("address for the service", func() bool { // a tun device may take its time
		l, err = r.server.listen(net.JoinHostPort(ip, servicePort))
		return err == nil
	}); wait != nil {
		t.Fatal(wait, err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				noise := rand.NewChaCha8([32]byte{})
				io.CopyN(conn, noise, r.transfers)
			}()
		}
	}()
}

// quiet is how long a tunnel may say nothing before it counts as dead. The
// resolver's own patience with an upstream is 2 s.
const quiet = 5 * time.Second

// download opens the tunnel and tells how many bytes come through until the
// end, or until nothing comes.
func (r *rig) download(t *testing.T) int64 {
	t.Helper()
	conn, end := r.open(t)
	defer end()
	var got atomic.Int64
	if conn != nil {
		read(conn, &got)
	}
	return got.Load()
}

// read counts the bytes of the service into got until the end or until
// nothing comes.
func read(conn net.Conn, got *atomic.Int64) {
	defer conn.Close()
	buf := make([]byte, 1<<14)
	for {
		conn.SetReadDeadline(time.Now().Add(quiet))
		n, err := conn.Read(buf)
		got.Add(int64(n))
		if err != nil {
			return
		}
	}
}

func isClosed(err error) bool { return errors.Is(err, net.ErrClosed) }
