package state

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/notunnel/notunnel/plugin/flags"
)

// killed, in the environment, makes the test binary the process that is killed.
const killed = "NOTUNNEL_STATE_KILLED"

func TestMain(m *testing.M) {
	if path := os.Getenv(killed); path != "" {
		writeUntilKilled(path)
	}
	os.Exit(m.Run())
}

// counted is a source that says n everywhere.
func counted(n uint64) *fixed {
	f := sample()
	f.snapshot.Key = [16]byte{1}
	f.snapshot.Flags[0].Queries = n
	f.snapshot.Flags[0].Reasons = []flags.Reason{{Text: strings.Repeat("long ", int(n%5000))}}
	f.meters = strings.Repeat(string(binary.BigEndian.AppendUint64(nil, n)), int(n%20000))
	return f
}

// writeUntilKilled goes on where the state stands, and says what it has written.
func writeUntilKilled(path string) {
	fail := func(err error) {
		if err != nil {
			fmt.Println("failed:", err)
			os.Exit(1)
		}
	}
	log := new(said)
	s, err := Open(path, log)
	fail(err)
	l, err := s.Load()
	fail(err)
	n := uint64(0)
	if l.Snapshot != nil {
		n = l.Snapshot.Flags[0].Queries
	}
	if log.String() != "" {
		fail(fmt.Errorf("said %s", log))
	}
	fail(s.Start(counted(n)))
	for {
		n++
		s.mu.Lock()
		s.source = counted(n)
		s.mu.Unlock()
		fail(s.attempt(n%2 == 0))
		fmt.Println(n)
	}
}

// A process is killed a hundred times at random moments. What it said that it has
// written is there each time, and whole.
func TestKilledAtAnyMoment(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	path, r := filepath.Join(t.TempDir(), "state"), rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano())))
	written, wrote := uint64(0), 0
	for range 100 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), killed+"="+path)
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		lines, done := bufio.NewScanner(out), make(chan bool)
		go func() {
			defer close(done)
			for lines.Scan() {
				n, err := strconv.ParseUint(lines.Text(), 10, 64)
				if err != nil {
					t.Errorf("the process says %s", lines.Text())
					return
				}
				written = n
				wrote++
			}
		}()
		time.Sleep(time.Duration(r.IntN(150)) * time.Millisecond)
		cmd.Process.Kill()
		<-done
		cmd.Wait()

		log := new(said)
		l, err := (&Store{path: path, log: log}).Load()
		if err != nil || log.String() != "" {
			t.Fatalf("error %v, said %s", err, log)
		}
		if l.Snapshot == nil {
			if written > 0 {
				t.Fatal("the state is gone")
			}
			continue
		}
		n := l.Snapshot.Flags[0].Queries
		if n < written {
			t.Fatalf("%d is on disk, though %d was written", n, written)
		}
		if len(l.Meters) >= 8 {
			if m := binary.BigEndian.Uint64(l.Meters); m > n+1 || m+3 < written {
				t.Fatalf("the meters are of %d, the flags of %d", m, n)
			}
		}
	}
	if wrote == 0 {
		t.Error("no process came to write anything in time")
	}
}
