package notunnel

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/notunnel/notunnel/plugin/detect"
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

// settle is how long a file must be left alone before it is read: editors and
// config maps replace a file in several steps.
const settle = 200 * time.Millisecond

// watchAllow puts the allow list in force anew whenever one of the files
// changes, until the returned function is called. A file that cannot be read
// leaves the old list in force.
func watchAllow(cfg *config, e *detect.Engine) (stop func() error, err error) {
	if len(cfg.allowFiles) == 0 {
		return func() error { return nil }, nil
	}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("allow: watching files: %w", err)
	}
	for _, file := range cfg.allowFiles {
		// The directory, since a file that is replaced takes its watch along.
		if err := watcher.Add(filepath.Dir(file)); err != nil {
			watcher.Close()
			return nil, fmt.Errorf("allow: watching %s: %w", file, err)
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		timer := time.NewTimer(settle)
		timer.Stop()
		for {
			select {
			case _, open := <-watcher.Events:
				if !open {
					return
				}
				timer.Reset(settle)
			case err, open := <-watcher.Errors:
				if open {
					log.Errorf("allow: watching files: %v", err)
				}
			case <-timer.C:
				reload(cfg, e)
			}
		}
	}()
	return func() error {
		err := watcher.Close()
		<-done
		return err
	}, nil
}

func reload(cfg *config, e *detect.Engine) {
	list, err := cfg.allowList()
	if err != nil {
		log.Errorf("allow: %v; the list read before stays in force", err)
		return
	}
	e.SetAllow(list)
	log.Infof("allow: %d domains in force", list.Len())
}
