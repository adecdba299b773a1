package events

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
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
	text = text[:bytes.LastIndexByte(text, '\n')+1] // the rest is being written
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
