package state

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/keyhash"
	"github.com/notunnel/notunnel/plugin/subject"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// said keeps what a store says.
type said struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *said) add(level, format string, v []any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(&s.text, level+format+"\n", v...)
}

func (s *said) Infof(format string, v ...any)    { s.add("info ", format, v) }
func (s *said) Warningf(format string, v ...any) { s.add("warning ", format, v) }
func (s *said) Errorf(format string, v ...any)   { s.add("error ", format, v) }

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// fixed is a source that does not change.
type fixed struct {
	snapshot Snapshot
	meters   string
}

func (f *fixed) Snapshot() Snapshot { return f.snapshot }

func (f *fixed) SaveMeters(w io.Writer) error {
	_, err := io.WriteString(w, f.meters)
	return err
}

func sample() *fixed {
	at := time.Unix(1.7e9, 5).UTC()
	flag := flags.Saved{
		ID: 1<<63 + 5, Pair: 7, SLD: []byte("evil\xff\x00\".com"), Scope: []byte("a.evil\xff\x00\".com"), Client: subject.ParseClient("192.0.2.0/24"),
		Ground: verdict.ClientBudget, Score: 0.91, Reasons: []flags.Reason{{Text: "<b>"}}, Since: at, Last: at.Add(time.Second), Queries: 1, LeakedBytes: 2,
		UpBytes: 3, DownBytes: 4, Blocked: 5, Samples: [][]byte{[]byte("x\xfe"), []byte("y")},
	}
	return &fixed{
		snapshot: Snapshot{
			Key: keyhash.New(), Bits4: 24, Bits6: 64, Flags: []flags.Saved{flag},
			Allowances: []verdict.Allowance{
				{Domain: "x.org", Client: subject.ParseClient("mac:02:00:00:00:00:01"), Since: at, Until: at.Add(time.Hour), Reason: "ticket"},
				{Domain: "y.org", Since: at},
			},
			Marks: []Mark{{Flag: flag, Opinion: flags.True, Note: "sure", Everyone: true, At: at}},
		},
		meters: strings.Repeat("metered ", 10000),
	}
}

func open(t *testing.T, path string) (*Store, *said) {
	t.Helper()
	log := new(said)
	s, err := Open(path, log)
	if err != nil {
		t.Fatal(err)
	}
	return s, log
}

// write leaves a whole state there.
func write(t *testing.T, path string, from Source) {
	t.Helper()
	s, _ := open(t, path)
	if err := s.Start(from); err != nil {
		t.Fatal(err)
	}
	s.Close()
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	path, want := filepath.Join(t.TempDir(), "state"), sample()
	s, _ := open(t, path)
	if l, err := s.Load(); err != nil || l.Snapshot != nil || l.Meters != nil {
		t.Fatalf("before anything was written: %+v, error %v", l, err)
	}
	s.Close()
	write(t, path, want)
	s, log := open(t, path)
	defer s.Close()
	l, err := s.Load()
	if err != nil || l.Snapshot == nil || string(l.Meters) != want.meters {
		t.Fatalf("%+v, error %v, said %s", l.Snapshot, err, log)
	}
	l.Snapshot.At = time.Time{}
	if !reflect.DeepEqual(*l.Snapshot, want.snapshot) {
		t.Errorf("%+v\nwant %+v", *l.Snapshot, want.snapshot)
	}
	for _, file := range []string{path, path + ".meter", path + ".lock"} {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, error %v; only its owner may read it", file, info.Mode(), err)
		}
	}
	f, marks := l.Snapshot.Flags[0].Flag(), l.Snapshot.RestoreMarks()
	if got := f.Save(); !reflect.DeepEqual(f.Names(), []string{`x\254.evil\255\000\034.com`, `y.evil\255\000\034.com`}) || got.Blocked != 5 || len(marks) != 1 || marks[0].Flag.Scope != f.Scope {
		t.Errorf("%q, %+v, %+v", f.Names(), got, marks)
	}
}

func TestWhatIsOfNoUseIsSetAside(t *testing.T) {
	for name, c := range map[string]struct {
		file   string
		spoil  func(data []byte) []byte
		want   string
		meters bool // are still of use
	}{
		"a bit flipped":     {"state", func(d []byte) []byte { d[len(d)/2] ^= 1; return d }, "damaged", false},
		"cut short":         {"state", func(d []byte) []byte { return d[:len(d)/2] }, "damaged", false},
		"empty":             {"state", func([]byte) []byte { return nil }, "not a file of notunnel", false},
		"foreign":           {"state", func([]byte) []byte { return []byte(". {\n notunnel\n}\n") }, "not a file of notunnel", false},
		"older":             {"state", func(d []byte) []byte { return bytes.Replace(d, []byte("state 2 "), []byte("state 0 "), 1) }, `version "0", and this build reads 2`, false},
		"newer":             {"state", func(d []byte) []byte { return bytes.Replace(d, []byte("state 2 "), []byte("state 77 "), 1) }, `version "77"`, false},
		"meters bit":        {"state.meter", func(d []byte) []byte { d[len(d)-9] ^= 1; return d }, "damaged", false},
		"meters of another": {"state.meter", nil, "not of the same key", false},
		"state for meters":  {"state.meter", func([]byte) []byte { return []byte("notunnel-state 2 00\n{}") }, "not a file of notunnel", false},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			path, file := filepath.Join(folder, "state"), filepath.Join(folder, c.file)
			write(t, path, sample())
			before, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if c.spoil == nil {
				write(t, filepath.Join(folder, "other"), sample())
				if before, err = os.ReadFile(filepath.Join(folder, "other.meter")); err != nil {
					t.Fatal(err)
				}
			} else {
				before = c.spoil(before)
			}
			if err := os.WriteFile(file, before, 0o600); err != nil {
				t.Fatal(err)
			}
			s, log := open(t, path)
			defer s.Close()
			l, err := s.Load()
			if err != nil || l.Meters != nil || (l.Snapshot != nil) != (c.file == "state.meter") {
				t.Errorf("%+v, error %v", l, err)
			}
			if !strings.Contains(log.String(), "warning state: "+file+" is of no use: ") || !strings.Contains(log.String(), c.want) {
				t.Errorf("said: %swant %q", log, c.want)
			}
			aside, err := filepath.Glob(file + ".aside-*")
			if err != nil || len(aside) != 1 {
				t.Fatalf("set aside: %v, error %v", aside, err)
			}
			if kept, err := os.ReadFile(aside[0]); err != nil || !bytes.Equal(kept, before) {
				t.Errorf("what was set aside is not what there was, error %v", err)
			}
			if err := s.Start(sample()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestOneWriterAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	s, _ := open(t, path)
	if _, err := Open(path, new(said)); err == nil || !strings.Contains(err.Error(), path+" is in use by another server") {
		t.Errorf("a second one opens it: %v", err)
	}
	s.Close()
	s, _ = open(t, path)
	s.Close()
}

func TestUnwritableStopsTheStart(t *testing.T) {
	folder := t.TempDir()
	if _, err := Open(filepath.Join(folder, "none", "state"), new(said)); err == nil || !strings.Contains(err.Error(), "cannot be written") {
		t.Errorf("no folder: error %v", err)
	}
	path := filepath.Join(folder, "folder")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	s, _ := open(t, path)
	defer s.Close()
	if _, err := s.Load(); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a folder in its place: error %v", err)
	}
	if err := s.Start(sample()); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a folder in its place: error %v", err)
	}
}

// A failure at run time is said once, and tried again.
func TestFailureIsSaidOnceAndTriedAgain(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "folder")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "state")
	s, log := open(t, path)
	if err := s.Start(sample()); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := os.Rename(folder, folder+"-gone"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if s.attempt(false) == nil {
			t.Error("it is written though the folder is gone")
		}
	}
	if _, err := s.Status(); err == nil {
		t.Error("the status tells of no failure")
	}
	if err := os.Rename(folder+"-gone", folder); err != nil {
		t.Fatal(err)
	}
	if err := s.attempt(false); err != nil {
		t.Error(err)
	}
	if strings.Count(log.String(), "error ") != 1 || strings.Count(log.String(), "written again") != 1 {
		t.Errorf("said:\n%s", log)
	}
}

// A change is on disk within two seconds.
func TestChangeIsWrittenSoon(t *testing.T) {
	path, first, second := filepath.Join(t.TempDir(), "state"), sample(), sample()
	s, _ := open(t, path)
	if err := s.Start(first); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	begun := time.Now()
	s.Switch(second)
	for {
		l, err := (&Store{path: path, log: new(said)}).Load()
		if err == nil && l.Snapshot.Key == second.snapshot.Key {
			break
		}
		if time.Since(begun) > 10*time.Second {
			t.Fatal("not written in ten seconds")
		}
		time.Sleep(10 * time.Millisecond)
	}
	if took := time.Since(begun); took > 2*time.Second {
		t.Logf("it took %v: this machine is busy", took)
	}
}

func FuzzRead(f *testing.F) {
	folder := f.TempDir()
	path := filepath.Join(folder, "state")
	for _, s := range []string{"", "notunnel-state 2 x\n{}", "notunnel-state\n", "notunnel-state 2 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := stateForm.read(path); err != nil && errors.As(err, new(*os.PathError)) {
			t.Error(err)
		}
	})
}
