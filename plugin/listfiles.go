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
	"github.com/notunnel/notunnel/plugin/standing"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// allowList is the shipped list, the Corefile's entries and those of the
// files, as they read now.
func (c *config) allowList() (*verdict.AllowList, error) {
	all := verdict.Union(verdict.Shipped(), &c.allow)
	for _, file := range c.allowFiles {
		if err := all.AddFile(file); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// standingList is the list of popular domains, as it reads now.
func (c *config) standingList() (*standing.List, error) {
	switch c.popular {
	case "":
		return standing.Shipped(), nil
	case none:
		return standing.None(), nil
	}
	return standing.Read(c.popular)
}

// files are those that lists are read from.
func (c *config) files() []string {
	if c.popular == "" || c.popular == none {
		return c.allowFiles
	}
	return append(slices.Clip(c.allowFiles), c.popular)
}

// settle is how long after its first change a file is read: editors and config
// maps replace a file in several steps.
const settle = 200 * time.Millisecond

// listWatch puts the lists of an engine in force anew whenever one of their files
// changes. A file that cannot be read leaves the old list in force.
type listWatch struct {
	cfg     *config
	engine  *detect.Engine
	watcher *fsnotify.Watcher // nil if there are no files
	done    chan struct{}

	mu      sync.Mutex
	list    *verdict.AllowList // in force
	popular stamp              // of the file when it was read
	failed  bool               // the last reading did
	watched map[string]bool    // paths whose change counts
}

func watchLists(cfg *config, e *detect.Engine) (*listWatch, error) {
	w := &listWatch{cfg: cfg, engine: e, list: cfg.engine.Allow, popular: cfg.popularStamp}
	if len(cfg.files()) == 0 {
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
	w.refresh() // it may have changed since setup read it
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

// refresh reads the files, and puts the list in force if it is another one.
func (w *listWatch) refresh() {
	if w.watcher == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.follow(); err != nil {
		log.Errorf("%v", err)
	}
	w.refreshPopular()
	list, err := w.cfg.allowList()
	if err != nil {
		log.Errorf("allow: %v; the list read before stays in force", err)
		w.failed = true
		return
	}
	if list.Equal(w.list) && !w.failed {
		return
	}
	w.list, w.failed = list, false
	w.engine.SetAllow(list)
	log.Infof("allow: %d domains in force", list.Len())
}

// refreshPopular reads the file of popular domains if it is another one.
func (w *listWatch) refreshPopular() {
	if w.cfg.popular == "" || w.cfg.popular == none {
		return
	}
	now := stampOf(w.cfg.popular)
	if now == w.popular {
		return
	}
	w.popular = now
	list, err := w.cfg.standingList()
	if err != nil {
		log.Errorf("%v; the list read before stays in force", err)
		return
	}
	w.engine.SetStanding(list)
	popular, _ := list.Len()
	log.Infof("popular: %d domains in force", popular)
}

// stamp tells the states of a file apart.
type stamp struct {
	modified time.Time
	size     int64
}

func stampOf(path string) (s stamp) {
	if info, err := os.Stat(path); err == nil {
		s = stamp{info.ModTime(), info.Size()}
	}
	return s
}

// follow watches what the files are reached by now.
func (w *listWatch) follow() error {
	w.watched = map[string]bool{}
	folders := map[string]bool{}
	for _, file := range w.cfg.files() {
		for _, path := range chain(file) {
			w.watched[path] = true
			// The folder, since a file that is replaced takes its watch along.
			folders[filepath.Dir(path)] = true
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
