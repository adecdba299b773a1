//go:build e2e

package test

import (
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/plugin/split"
	"github.com/notunnel/notunnel/test/lab"
)

// recorder stands between the resolver and the tunnel's server. It notes every
// query, hands those below the tunnel's zone on as they are, and answers all
// others itself.
type recorder struct {
	zone   string // of the tunnel
	front  net.PacketConn
	server net.Conn

	mu      sync.Mutex
	seen    []arrival
	pending map[uint16]pending // by the id on the way to the server
	nextID  uint16
	faults  []string
}

// arrival is a query that came.
type arrival struct {
	at     time.Time
	name   string
	qtype  uint16
	tunnel bool // below the tunnel's zone
}

// pending is who waits for a reply, and by which id.
type pending struct {
	from net.Addr
	id   [2]byte
}

// newRecorder listens at front and talks to the server, both in ns, until the
// test's end.
func newRecorder(t *testing.T, ns namespace, front, server, zone string) *recorder {
	t.Helper()
	r := &recorder{zone: dns.Fqdn(zone), pending: map[uint16]pending{}}
	if err := ns.do(func() (err error) {
		if r.front, err = net.ListenPacket("udp", front); err != nil {
			return err
		}
		r.server, err = net.Dial("udp", server)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	var both sync.WaitGroup
	both.Go(r.forward)
	both.Go(r.back)
	t.Cleanup(func() {
		r.front.Close()
		r.server.Close()
		both.Wait()
		for _, fault := range r.faults {
			t.Error("recorder: ", fault)
		}
	})
	return r
}

// forward takes queries until the socket is closed.
func (r *recorder) forward() {
	buf := make([]byte, dns.MaxMsgSize)
	for {
		n, from, err := r.front.ReadFrom(buf)
		if err != nil {
			return
		}
		m := new(dns.Msg)
		if err := m.Unpack(buf[:n]); err != nil || len(m.Question) != 1 {
			r.fault("an odd query: " + m.String())
			continue
		}
		a := arrival{time.Now(), m.Question[0].Name, m.Question[0].Qtype, false}
		a.tunnel = dns.IsSubDomain(r.zone, strings.ToLower(a.name))
		r.mu.Lock()
		r.seen = append(r.seen, a)
		if a.tunnel {
			r.nextID++
			r.pending[r.nextID] = pending{from, [2]byte(buf)}
			buf[0], buf[1] = byte(r.nextID>>8), byte(r.nextID)
		}
		r.mu.Unlock()
		if a.tunnel {
			r.server.Write(buf[:n]) // refused while the server is down
			continue
		}
		if packet, err := lab.Address(m).Pack(); err == nil {
			r.front.WriteTo(packet, from)
		}
	}
}

// back takes the server's replies until the socket is closed.
func (r *recorder) back() {
	buf := make([]byte, dns.MaxMsgSize)
	for {
		n, err := r.server.Read(buf)
		switch {
		case isClosed(err):
			return
		case err != nil || n < 2:
			continue
		}
		id := uint16(buf[0])<<8 | uint16(buf[1])
		r.mu.Lock()
		p, known := r.pending[id]
		delete(r.pending, id)
		r.mu.Unlock()
		if known {
			copy(buf, p.id[:])
			r.front.WriteTo(buf[:n], p.from)
		}
	}
}

func (r *recorder) fault(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = append(r.faults, what)
}

// leak is what of the tunnel came through: distinct queries (the resolver
// repeats one whose answer is late), bytes of their prefixes, and when the last
// new one came.
func (r *recorder) leak() (queries, prefixBytes int, last time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	type question struct {
		name  string
		qtype uint16
	}
	seen := map[question]bool{}
	for _, a := range r.seen {
		if !a.tunnel {
			continue
		}
		if q := (question{a.name, a.qtype}); !seen[q] {
			seen[q], last = true, a.at
			var name split.Name
			name.Parse(a.name)
			queries, prefixBytes = queries+1, prefixBytes+len(name.Prefix())
		}
	}
	return queries, prefixBytes, last
}

// saw reports whether a query for the name came.
func (r *recorder) saw(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range r.seen {
		if strings.EqualFold(a.name, dns.Fqdn(name)) {
			return true
		}
	}
	return false
}

// upperCase is a name below the tunnel's zone that came with an upper-case
// letter, if there is one.
func (r *recorder) upperCase() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range r.seen {
		if a.tunnel && a.name != strings.ToLower(a.name) {
			return a.name
		}
	}
	return ""
}
