package events

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gosyslog "github.com/leodido/go-syslog/v4"
	"github.com/leodido/go-syslog/v4/octetcounting"
	"github.com/leodido/go-syslog/v4/rfc5424"
)

// inbox is what a receiver got: how often each event.
type inbox struct {
	mu   sync.Mutex
	seen map[int]int
	last int
}

func (i *inbox) add(n int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.seen == nil {
		i.seen = map[int]int{}
	}
	i.seen[n]++
	i.last = n
}

// has reports whether all events below n have come.
func (i *inbox) has(n int) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	for k := range n {
		if i.seen[k] == 0 {
			return false
		}
	}
	return true
}

// once reports whether none came twice.
func (i *inbox) once() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, times := range i.seen {
		if times > 1 {
			return false
		}
	}
	return true
}

func lines(t *testing.T, path string) (all []int) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	in := bufio.NewScanner(bytes.NewReader(text))
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		if strings.HasPrefix(in.Text(), "{") {
			all = append(all, number(t, in.Bytes()))
		}
	}
	return all
}

// A file is appended to, and begun anew where it was rotated away or its folder comes back.
func TestFile(t *testing.T) {
	b, dir := newBench(), filepath.Join(t.TempDir(), "logs")
	path := filepath.Join(dir, "events.json")
	if target, _ := ParseTarget(path, func(p string) string { return p }); true {
		if _, err := b.Open([]Target{target}); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("a folder that is not there: %v", err)
		}
	}
	os.Mkdir(dir, 0o700)
	os.WriteFile(path, []byte("before\n"), 0o640)
	f := b.feed(t, path)
	f.Tell(event(0))
	until(t, "first", func() bool { return len(lines(t, path)) == 1 })
	if text, _ := os.ReadFile(path); !bytes.HasPrefix(text, []byte("before\n{")) {
		t.Errorf("what was there is gone: %q", text)
	}
	os.Rename(path, path+".1")
	f.Tell(event(1))
	until(t, "after rotation", func() bool { return fmt.Sprint(lines(t, path)) == "[1]" })
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, error %v", info, err)
	}
	os.Truncate(path, 0)
	f.Tell(event(2))
	until(t, "after truncation", func() bool { return fmt.Sprint(lines(t, path)) == "[2]" })
	os.Rename(dir, dir+".away")
	f.Tell(event(3))
	until(t, "failure", func() bool { return b.count(Retried) > 0 })
	os.Mkdir(dir, 0o700)
	until(t, "after the folder is back", func() bool { return fmt.Sprint(lines(t, path)) == "[3]" })
	if said := b.logged(); strings.Count(said, "takes nothing") != 1 || strings.Count(said, "takes events again") != 1 {
		t.Errorf("it says %q", said)
	}
}

// A full disk, and a pipe that nobody reads, lose nothing before the end, and end in time.
func TestFileWithoutRoom(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip(err)
	}
	b := newBench()
	f := b.feed(t, "/dev/full")
	for n := range 10 {
		f.Tell(event(n))
	}
	until(t, "failure", func() bool { return b.count(Retried) > 1 })
	begin := time.Now()
	f.Close()
	if took := time.Since(begin); took > grace+2*time.Second || b.count(Lost) != 10 || b.count(Sent) != 0 {
		t.Errorf("it took %v; %v", took, b.results)
	}
}

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

// server is an https receiver.
func server(t *testing.T, answer http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(answer)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	s.Config.ErrorLog = nil
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// A receiver that answers 500, closes in the middle and hangs up gets each event in turn
// all the same.
func TestHTTPS(t *testing.T) {
	var got inbox
	var requests atomic.Int32
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		switch requests.Add(1) {
		case 1:
			w.WriteHeader(http.StatusInternalServerError)
			return
		case 2:
			panic(http.ErrAbortHandler)
		case 3:
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		user, password, ok := r.BasicAuth()
		if !ok || user != "notunnel" || password != "s3cret" || r.Method != "POST" || r.Header.Get("Content-Type") != "application/json" || r.URL.RequestURI() != "/in?key=k" {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got.add(number(t, text))
	})
	b := newBench()
	f := b.feed(t, strings.Replace(s.URL, "https://", "https://notunnel:s3cret@", 1)+"/in?key=k")
	for n := range 30 {
		f.Tell(event(n))
	}
	until(t, "all events", func() bool { return got.has(30) && b.count(Sent) == 30 })
	if !got.once() || b.count(Retried) != 3 || got.last != 29 {
		t.Errorf("%v, the last is %d", b.results, got.last)
	}
	if said := b.logged(); strings.Contains(said, "s3cret") || strings.Contains(said, "key=") || !strings.Contains(said, "500") {
		t.Errorf("it says %q", said)
	}
}

// What a receiver will never take does not hold up the rest, and nothing goes elsewhere.
func TestHTTPSRefusals(t *testing.T) {
	var got inbox
	other := server(t, func(http.ResponseWriter, *http.Request) { t.Error("a redirect is followed") })
	redirected := atomic.Bool{}
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		switch n := number(t, text); {
		case n == 0:
			w.WriteHeader(http.StatusBadRequest)
		case n == 1 && !redirected.Swap(true):
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		default:
			got.add(n)
		}
	})
	b := newBench()
	f := b.feed(t, s.URL)
	for n := range 3 {
		f.Tell(event(n))
	}
	until(t, "the rest", func() bool { return b.count(Sent) == 2 })
	if b.count(Refused) != 1 || b.count(Retried) != 1 {
		t.Errorf("%v", b.results)
	}
	// A certificate that nobody vouches for.
	plain := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it is trusted") }))
	defer plain.Close()
	plain.Config.ErrorLog = nil
	strange := newBench()
	strange.feed(t, plain.URL).Tell(event(0))
	until(t, "failure", func() bool { return strange.count(Retried) > 0 })
}

// Receivers that stall hold nobody up, lose nothing that fits the queue, and are given up
// soon at the end.
func TestStalls(t *testing.T) {
	hang := make(chan struct{})
	defer close(hang)
	stalled := server(t, func(http.ResponseWriter, *http.Request) { <-hang })
	tcp := listen(t, "127.0.0.1:0", false, func(conn net.Conn) { <-hang; conn.Close() })
	unread, err := net.Listen("tcp", "127.0.0.1:0") // accepts nothing
	if err != nil {
		t.Fatal(err)
	}
	defer unread.Close()
	for _, target := range []string{stalled.URL, "syslog+tls://" + unread.Addr().String(), "syslog+tcp://" + tcp.Addr().String()} {
		t.Run(target, func(t *testing.T) {
			b := newBench()
			f := b.feed(t, target)
			const told = 3 * Capacity
			begin := time.Now()
			for n := range told {
				f.Tell(event(n))
			}
			if took := time.Since(begin); took > 2*time.Second {
				t.Errorf("telling %d events took %v", told, took)
			}
			begin = time.Now()
			f.Close()
			if took := time.Since(begin); took > grace+2*time.Second {
				t.Errorf("the end took %v", took)
			}
			until(t, "every event to be counted", func() bool { return b.count(Sent)+b.count(Dropped)+b.count(Lost) == told })
			if kept := told - b.count(Dropped); kept < Capacity {
				t.Errorf("of %d events %d were kept: %v", told, kept, b.results)
			}
		})
	}
}

// A queue outlives those who fill it for as long as others name its target, and what waits
// at the end is tried.
func TestHandOver(t *testing.T) {
	var got inbox
	var up atomic.Bool
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		if !up.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		text, _ := io.ReadAll(r.Body)
		got.add(number(t, text))
	})
	b := newBench()
	before := b.feed(t, s.URL)
	for n := range 20 {
		before.Tell(event(n))
	}
	after := b.feed(t, s.URL)
	before.Close()
	after.Tell(event(20))
	if b.count(Lost) > 0 {
		t.Error("what waited is lost")
	}
	up.Store(true)
	after.Close()
	if !got.has(21) || !got.once() || b.count(Sent) != 21 {
		t.Errorf("%v", b.results)
	}
	before.Tell(event(21)) // nobody is there any more
}

func TestTellingAtOnce(t *testing.T) {
	b, path := newBench(), filepath.Join(t.TempDir(), "events")
	f := b.feed(t, path)
	var wait sync.WaitGroup
	for k := range 8 {
		wait.Go(func() {
			for n := range 100 {
				f.Tell(event(100*k + n))
			}
		})
	}
	wait.Wait()
	f.Close()
	var got inbox
	for _, n := range lines(t, path) {
		got.add(n)
	}
	if !got.has(800) || !got.once() {
		t.Errorf("%v", b.results)
	}
}
