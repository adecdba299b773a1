package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/notunnel/notunnel/plugin/keyhash"
)

// Source is what a store writes down. It is called by one goroutine at a time.
type Source interface {
	Snapshot() Snapshot
	SaveMeters(io.Writer) error
}

// Logger says what a store has to say.
type Logger interface {
	Infof(format string, v ...any)
	Warningf(format string, v ...any)
	Errorf(format string, v ...any)
}

// How soon a change is written, how often everything is, and how often it is tried again
// after a failure.
const (
	settle = time.Second
	period = time.Minute
	again  = 5 * time.Second
)

// Store writes the state of one engine at a time to one file. Safe for concurrent use.
type Store struct {
	path string
	log  Logger
	lock *flock.Flock

	changed chan struct{}
	stop    chan struct{}
	done    chan struct{} // nil until the store has started

	mu     sync.Mutex // of writing
	source Source

	told    sync.Mutex // of what follows: who asks for it does not wait for a disk
	at      time.Time  // when everything was written last
	failure error      // of the last attempt
}

// Open claims the file for this process. It fails if another one uses it, or if it
// cannot be written.
func Open(path string, log Logger) (*Store, error) {
	s := &Store{
		path: path, log: log, lock: flock.New(path+".lock", flock.SetPermissions(0o600)),
		changed: make(chan struct{}, 1), stop: make(chan struct{}),
	}
	switch ok, err := s.lock.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("state: %s cannot be written: %w", path, err)
	case !ok:
		return nil, fmt.Errorf("state: %s is in use by another server: give each a file of its own", path)
	}
	return s, nil
}

// meters is the path of what was metered.
func (s *Store) meters() string { return s.path + ".meter" }

// Loaded is what was written down. Nil where there is nothing, or nothing of use.
type Loaded struct {
	Snapshot *Snapshot
	Meters   []byte
}

// Load reads what is there. What is of no use is set aside, and said.
func (s *Store) Load() (l Loaded, err error) {
	text, err := s.read(stateForm, s.path, func(text []byte) error { return json.Unmarshal(text, &l.Snapshot) })
	if err != nil || text == nil {
		l.Snapshot = nil
	}
	if err != nil {
		return l, err
	}
	l.Meters, err = s.read(meterForm, s.meters(), func(data []byte) error {
		if l.Snapshot == nil || len(data) < idSize || string(data[:idSize]) != id(&l.Snapshot.Key) {
			return errors.New("it is not of the same key as " + s.path)
		}
		return nil
	})
	if l.Meters != nil {
		l.Meters = l.Meters[idSize:]
	}
	return l, err
}

// read reads a file and sets it aside if it is none, or check says so.
func (s *Store) read(f form, path string, check func([]byte) error) ([]byte, error) {
	data, err := f.read(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, nil
	case err == nil:
		err = check(data)
	case errors.As(err, new(*os.PathError)):
		return nil, fmt.Errorf("state: %w", err)
	}
	if err != nil {
		return nil, s.put(path, err)
	}
	return data, nil
}

// SetAside renames the files because they are of no use for this server.
func (s *Store) SetAside(why error) error {
	for _, path := range []string{s.path, s.meters()} {
		if _, err := os.Lstat(path); err == nil {
			if err := s.put(path, why); err != nil {
				return err
			}
		}
	}
	return nil
}

// SetAsideMeters does so with what was metered alone.
func (s *Store) SetAsideMeters(why error) error { return s.put(s.meters(), why) }

func (s *Store) put(path string, why error) error {
	aside, err := setAside(path)
	if err != nil {
		return fmt.Errorf("state: %s is of no use (%w) and cannot be set aside: %w", path, why, err)
	}
	s.log.Warningf("state: %s is of no use: %v; it is kept as %s, and what it holds begins anew", path, why, aside)
	return nil
}

// idSize is the size of what a key is known by.
const idSize = 16

func id(k *keyhash.Key) string { return fmt.Sprintf("%016x", k.Sum([]byte("state"))) }

// Start begins to write what the source has. It fails if the files cannot be written.
func (s *Store) Start(from Source) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.source = from
	if err := s.save(true); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	s.done = make(chan struct{})
	go s.run()
	return nil
}

// Switch goes on with another source, which has taken over what the one before had.
func (s *Store) Switch(to Source) {
	s.mu.Lock()
	s.source = to
	s.mu.Unlock()
	s.Changed()
}

// Changed says that something has changed but what was metered. It never waits.
func (s *Store) Changed() {
	select {
	case s.changed <- struct{}{}:
	default: // it is known already
	}
}

// Close writes everything a last time and gives the file free.
func (s *Store) Close() {
	if s.done != nil {
		close(s.stop)
		<-s.done
		s.attempt(true)
	}
	s.lock.Unlock() // an error cannot be helped: the process ends, or the file is gone
}

// Status is when everything was written last, and what has been wrong since, nil if
// nothing.
func (s *Store) Status() (at time.Time, failure error) {
	s.told.Lock()
	defer s.told.Unlock()
	return s.at, s.failure
}

// Path is the file.
func (s *Store) Path() string { return s.path }

func (s *Store) run() {
	defer close(s.done)
	everything := time.NewTicker(period)
	defer everything.Stop()
	var due <-chan time.Time
	for {
		select {
		case <-s.stop:
			return
		case <-s.changed:
			if due == nil {
				due = time.After(settle)
			}
		case <-due:
			due = nil
			if s.attempt(false) != nil {
				due = time.After(again)
			}
		case <-everything.C:
			if s.attempt(true) != nil && due == nil {
				due = time.After(again)
			}
		}
	}
}

// attempt saves. A failure is said once, and its end as well.
func (s *Store) attempt(meters bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, before := s.Status()
	err := s.save(meters || before != nil)
	s.told.Lock()
	s.failure = err
	s.told.Unlock()
	switch {
	case err != nil && before == nil:
		s.log.Errorf("state: %v; it is tried again every %v, and meanwhile kept in memory alone", err, again)
	case err == nil && before != nil:
		s.log.Infof("state: %s is written again", s.path)
	}
	return err
}

func (s *Store) save(meters bool) error {
	snapshot := s.source.Snapshot()
	snapshot.At = time.Now().UTC()
	err := stateForm.write(s.path, func(w io.Writer) error { return json.NewEncoder(w).Encode(&snapshot) })
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w", s.path, err)
	}
	if !meters {
		return nil
	}
	err = meterForm.write(s.meters(), func(w io.Writer) error {
		if _, err := io.WriteString(w, id(&snapshot.Key)); err != nil {
			return err
		}
		return s.source.SaveMeters(w)
	})
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w", s.meters(), err)
	}
	s.told.Lock()
	defer s.told.Unlock()
	s.at = snapshot.At
	return nil
}
