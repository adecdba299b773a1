package notunnel

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/notunnel/notunnel/plugin/detect"
)

// settle is how long after its first change a file is read: editors and config
// maps replace a file in several steps.
const settle = 200 * time.Millisecond

// listWatch puts the lists of an engine in force anew whenever one of their files
// changes. A file that cannot be read leaves the old list in force.
type listWatch struct {
	shared  *sharedEngine
	lists   []list
	watcher *fsnotify.Watcher // nil if there are no files
	done    chan struct{}

	mu      sync.Mutex
	config  detect.Config     // what is in force
	tried   map[string]digest // of the files of each list when they were read last
	watched map[string]bool   // paths whose change counts
}

func watchLists(cfg *config, s *sharedEngine) (*listWatch, error) {
	w := &listWatch{shared: s, config: cfg.engine, tried: map[string]digest{}}
	for _, l := range cfg.lists() {
		if len(l.files) > 0 {
			w.lists, w.tried[l.name] = append(w.lists, l), cfg.digests[l.name]
		}
	}
	if len(w.lists) == 0 {
		return w, nil
	}
	var err error
	if w.watcher, err = fsnotify.NewWatcher(); err != nil {
		return nil, fmt.Errorf("lists: watching files: %w", err)
	}
	if err := w.follow(); err != nil {
		w.watcher.Close()
		return nil, err
	}
	w.done = make(chan struct{})
	go w.run()
	w.refresh() // a file may have changed since setup read it
	return w, nil
}

// stop ends the watch. The list stays in force.
func (w *listWatch) stop() {
	if w.watcher != nil {
		w.watcher.Close()
		<-w.done
	}
}

func (w *listWatch) run() {
	defer close(w.done)
	var due <-chan time.Time
	for {
		select {
		case event, open := <-w.watcher.Events:
			if !open {
				return
			}
			// What began the wait ends it, however much goes on changing.
			if due == nil && w.counts(event.Name) {
				due = time.After(settle)
			}
		case err, open := <-w.watcher.Errors:
			if !open {
				return
			}
			log.Errorf("lists: watching files: %v", err)
			if due == nil { // what happened meanwhile is not known
				due = time.After(settle)
			}
		case <-due:
			due = nil
			w.refresh()
		}
	}
}

func (w *listWatch) counts(path string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.watched[filepath.Clean(path)]
}

// refresh reads the lists whose files have changed, and puts them in force.
func (w *listWatch) refresh() {
	if w.watcher == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.follow(); err != nil {
		log.Errorf("%v", err)
	}
	for i := range w.lists {
		l := &w.lists[i]
		if now := l.digest(); now != w.tried[l.name] {
			w.tried[l.name] = now
			w.renew(l)
		}
	}
}

// renew puts a list in force as its files read now.
func (w *listWatch) renew(l *list) {
	next := w.config
	warnings, err := l.read(&next)
	said := ""
	if err == nil {
		said, err = l.put(w.shared, &next)
	}
	if err != nil {
		log.Errorf("%v; the %s read before stays in force", err, l.what())
		return
	}
	w.config = next
	log.Infof("%s: %s", l.name, said)
	for _, warning := range warnings {
		log.Warning(warning)
	}
}

// inForce are the lists in force.
func (w *listWatch) inForce() detect.Config {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.config
}

// follow watches what the files are reached by now.
func (w *listWatch) follow() error {
	w.watched = map[string]bool{}
	folders := map[string]bool{}
	for _, l := range w.lists {
		for _, file := range l.files {
			for _, path := range chain(file) {
				w.watched[path] = true
				// The folder, since a file that is replaced takes its watch along.
				folders[filepath.Dir(path)] = true
			}
		}
	}
	for _, old := range w.watcher.WatchList() {
		if !folders[old] {
			w.watcher.Remove(old) // an error says that it is gone already
		}
	}
	for _, folder := range slices.Sorted(maps.Keys(folders)) {
		if err := w.watcher.Add(folder); err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("lists: watching %s: %w", folder, err)
		}
	}
	return nil
}

// maxLinks is how many symbolic links a path may lead through, as in Linux.
const maxLinks = 40

// chain is the file and every symbolic link on the way to it: the paths where a
// change can change what is read. A Kubernetes config map has three, of which
// ..data is the one that is replaced.
func chain(file string) (paths []string) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return []string{file} // there is no working directory
	}
	at, rest := rootOf(abs)
	for len(rest) > 0 {
		next := filepath.Join(at, rest[0])
		rest = rest[1:]
		target, err := os.Readlink(next)
		if err != nil || len(paths) == maxLinks {
			at = next
			continue
		}
		paths = append(paths, next)
		if filepath.IsAbs(target) {
			var before []string
			at, before = rootOf(target)
			rest = append(before, rest...)
		} else {
			rest = append(namesOf(target), rest...)
		}
	}
	return append(paths, at)
}

// rootOf takes an absolute path apart.
func rootOf(path string) (root string, names []string) {
	root = filepath.VolumeName(path) + string(filepath.Separator)
	return root, namesOf(strings.TrimPrefix(path, root))
}

func namesOf(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == filepath.Separator })
}
