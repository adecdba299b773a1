package notunnel

import (
	"slices"
	"sync"

	"github.com/notunnel/notunnel/plugin/keyhash"
)

// engines are the engines of this process.
var engines = registry{running: (*instance).running}

// key is that of engines that begin with nothing, so that one can take over what another
// one holds. Others have that of the engine before them, or of their state file.
var key = keyhash.New()

// registry lets server blocks with equal options share one engine, and hands
// windows and flags on to the next engine of the same server block when the
// Corefile is reloaded. No two engines share any state.
//
// On a reload the new CoreDNS instance starts before the old one stops, and it
// can fail after its start-up functions have run; then the old one goes on as
// if nothing had happened. So nothing of an old engine is changed or taken from
// it: the new one begins with a copy, which doubles the memory for a moment if
// a server block's options changed, and for nothing if they did not. What the
// old engine flags after the copy is handed on when it goes; what it sees in
// that moment and does not flag is missing in the new one's windows. A server
// block that joins an engine in use brings its flags along then, too.
type registry struct {
	mu      sync.Mutex
	leases  []*lease
	evicted uint64 // by engines that have gone
	running func(*instance) bool
}

// lease is the use of an engine by one server block of an instance.
type lease struct {
	*sharedEngine
	block    string
	instance *instance
}

// acquire returns the engine for the configuration of a server block. Each call
// is matched by a release, unless the instance fails.
func (r *registry) acquire(cfg *config, block string, by *instance) (l *lease, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	// An instance that was preceded by none of ours tells nobody that it failed.
	r.sweepLocked()
	before := r.other(block, by)
	l = &lease{block: block, instance: by}
	key := cfg.key()
	if at := slices.IndexFunc(r.leases, func(l *lease) bool { return l.key == key }); at >= 0 {
		l.sharedEngine = r.leases[at].sharedEngine
		if _, _, err := r.claim(l.sharedEngine, by); err != nil {
			return nil, err
		}
		if before != nil && before.sharedEngine != l.sharedEngine && l.maker == by {
			l.engine().Inherit(before.engine())
		}
		l.watch.refresh()
		if server := l.server.Load(); server != nil {
			server.Switch(cfg.token, l.sharedEngine) // the token may be another one
		}
	} else if l.sharedEngine, err = r.newEngine(cfg, before, by); err != nil {
		return nil, err
	} else {
		l.key = key
	}
	r.leases = append(r.leases, l)
	return l, nil
}

// other is the use of an engine by the same server block of another instance,
// nil if there is none.
func (r *registry) other(block string, than *instance) *lease {
	for _, l := range r.leases {
		if l.block == block && l.instance != than {
			return l
		}
	}
	return nil
}

// release ends a lease. What the engine flagged is handed on to the server
// block's next engine.
func (r *registry) release(l *lease) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Contains(r.leases, l) {
		return // swept
	}
	if next := r.other(l.block, l.instance); next != nil && next.sharedEngine != l.sharedEngine {
		next.engine().InheritFlags(l.engine())
	}
	if next := r.heir(l, sameState); next != nil {
		next.engine().InheritFlags(l.engine())
	}
	r.end(l)
}

// sweep ends the leases of instances that failed, which are never released.
func (r *registry) sweep() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sweepLocked()
}

func (r *registry) sweepLocked() {
	for _, l := range slices.Clone(r.leases) {
		if !r.running(l.instance) {
			r.end(l)
		}
	}
}

// end removes a lease. With its last lease an engine goes.
func (r *registry) end(l *lease) {
	r.leases = slices.DeleteFunc(r.leases, func(other *lease) bool { return other == l })
	if slices.ContainsFunc(r.leases, func(other *lease) bool { return other.sharedEngine == l.sharedEngine }) {
		return
	}
	_, evicted := l.count()
	r.evicted += evicted
	l.sharedEngine.end(r.heir(l, sameState), r.heir(l, sameAdmin))
}

// heir is another engine that is to have what this one has, nil if there is none.
func (r *registry) heir(of *lease, same func(a, b *sharedEngine) bool) *sharedEngine {
	for _, l := range r.leases {
		if l.sharedEngine != of.sharedEngine && same(l.sharedEngine, of.sharedEngine) {
			return l.sharedEngine
		}
	}
	return nil
}

// count sums up what the engines hold.
func (r *registry) count() (windows int, evicted uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	evicted = r.evicted
	counted := map[*sharedEngine]bool{}
	for _, l := range r.leases {
		if !counted[l.sharedEngine] {
			counted[l.sharedEngine] = true
			w, e := l.count()
			windows, evicted = windows+w, evicted+e
		}
	}
	return windows, evicted
}
