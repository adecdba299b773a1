package notunnel

import (
	"sync"

	"github.com/notunnel/notunnel/plugin/detect"
)

// engines are the engines of this process.
var engines = registry{tenants: map[string]*tenant{}, homes: map[string]*tenant{}}

// registry lets server blocks with equal options share one engine, and hands
// windows and flags on to the next engine of the same server block when the
// Corefile is reloaded: the new instance starts before the old one stops.
type registry struct {
	mu      sync.Mutex
	tenants map[string]*tenant // by config.key
	homes   map[string]*tenant // by server block, the latest
}

// tenant is an engine in use.
type tenant struct {
	key    string
	engine *detect.Engine
	users  int
	stop   func() error // ends the watch on its allow files
}

// acquire returns the engine for the configuration. Each call is matched by a
// release.
func (r *registry) acquire(cfg *config, home string) (*detect.Engine, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := cfg.key()
	t := r.tenants[key]
	if t == nil {
		var prev *detect.Engine
		if before := r.homes[home]; before != nil {
			prev = before.engine
		}
		engine, err := detect.New(cfg.engine, prev)
		if err != nil {
			return nil, err
		}
		stop, err := watchAllow(cfg, engine)
		if err != nil {
			return nil, err
		}
		t = &tenant{key: key, engine: engine, stop: stop}
		r.tenants[key] = t
	}
	t.users++
	r.homes[home] = t
	return t.engine, nil
}

// release gives an engine back. When its last user has gone, so has it.
func (r *registry) release(e *detect.Engine) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range r.tenants {
		if t.engine != e {
			continue
		}
		if t.users--; t.users > 0 {
			return nil
		}
		delete(r.tenants, t.key)
		for home, at := range r.homes {
			if at == t {
				delete(r.homes, home)
			}
		}
		return t.stop()
	}
	return nil
}

// count sums up what the engines hold. Engines that share a store are counted
// once.
func (r *registry) count() (windows int, evicted uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	counted := map[any]bool{}
	for _, t := range r.tenants {
		if store := t.engine.Store(); !counted[store] {
			counted[store] = true
			w, _, e := store.Count()
			windows, evicted = windows+w, evicted+e
		}
	}
	return windows, evicted
}
