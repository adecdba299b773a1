package events

import (
	"crypto/tls"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	gosyslog "github.com/leodido/go-syslog/v4"
	"github.com/leodido/go-syslog/v4/octetcounting"
	"github.com/leodido/go-syslog/v4/rfc5424"
)

// stream reads syslog from a connection until that ends, or after some messages.
func stream(conn net.Conn, to *inbox, t *testing.T, most int) {
	parser := octetcounting.NewParser(gosyslog.WithListener(func(r *gosyslog.Result) {
		if r.Message == nil {
			return // the end
		}
		m := r.Message.(*rfc5424.SyslogMessage)
		if *m.Appname != "notunnel" || *m.MsgID != "flagged" || *m.Priority != 36 {
			t.Errorf("%+v", m)
		}
		to.add(number(t, []byte(*m.Message)))
	}), gosyslog.WithMaxMessageLength(1<<20))
	if most > 0 {
		parser.Parse(io.LimitReader(conn, int64(most)))
		return
	}
	parser.Parse(conn)
}

func TestSyslogOverUDP(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	b := newBench()
	f := b.feed(t, "syslog://"+conn.LocalAddr().String())
	f.Tell(event(7))
	buf := make([]byte, 64<<10)
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	n, _, err := conn.ReadFrom(buf)
	if err != nil {
		t.Fatal(err)
	}
	m, err := rfc5424.NewParser().Parse(buf[:n])
	if err != nil {
		t.Fatalf("%q: %v", buf[:n], err)
	}
	if got := number(t, []byte(*m.(*rfc5424.SyslogMessage).Message)); got != 7 || !m.(*rfc5424.SyslogMessage).Timestamp.Equal(event(7).At) {
		t.Errorf("%+v", m)
	}
}

// listen serves connections on loopback; with an address, on that.
func listen(t *testing.T, addr string, secure bool, serve func(net.Conn)) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	if secure {
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{certificate}})
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serve(conn)
		}
	}()
	return l
}

func TestSyslogOverStreams(t *testing.T) {
	for _, scheme := range []string{"syslog+tcp", "syslog+tls"} {
		t.Run(scheme, func(t *testing.T) {
			var got inbox
			l := listen(t, "127.0.0.1:0", scheme == "syslog+tls", func(conn net.Conn) {
				defer conn.Close()
				stream(conn, &got, t, 0)
			})
			b := newBench()
			f := b.feed(t, scheme+"://"+l.Addr().String())
			for n := range 100 {
				f.Tell(event(n))
			}
			until(t, "all events", func() bool { return got.has(100) })
			if !got.once() || b.count(Retried) > 0 {
				t.Errorf("some came twice: %v", b.results)
			}
		})
	}
}

// A receiver that is not there at first, closes in the middle of a message, and goes away
// for a while, gets all that was told, also what nothing comes after.
func TestSyslogReceiverThatBreaks(t *testing.T) {
	var got inbox
	var broken atomic.Int32
	serve := func(conn net.Conn) {
		defer conn.Close()
		if broken.Add(1) <= 3 {
			stream(conn, &got, t, 1000*int(broken.Load()))
			return
		}
		stream(conn, &got, t, 0)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	b := newBench()
	f := b.feed(t, "syslog+tcp://"+addr)
	for n := range 50 {
		f.Tell(event(n))
	}
	until(t, "failure", func() bool { return b.count(Retried) > 0 })
	listen(t, addr, false, serve)
	until(t, "all events", func() bool { return got.has(50) })
	if b.count(Dropped)+b.count(Lost)+b.count(Refused) > 0 || broken.Load() < 4 {
		t.Errorf("%v, %d connections", b.results, broken.Load())
	}
}
