package notunnel

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/keyhash"
)

// engines are the engines of this process.
var engines = registry{running: (*instance).running}

// key is that of all engines, so that one can take over what another one holds.
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

// sharedEngine is an engine in use.
type sharedEngine struct {
	key     string
	monitor bool
	watch   *listWatch
	maker   *instance
	denials denyLog

	running atomic.Pointer[detect.Engine]
	evicted atomic.Uint64 // by engines that it was before
}

// engine is the engine as it is now: other models make it another one.
func (s *sharedEngine) engine() *detect.Engine { return s.running.Load() }

// straggling is longer than any query takes to be decided on.
const straggling = 10 * time.Millisecond

// renew puts an engine with another configuration in the place of the one that runs. It
// takes over what means the same to both, so that for a moment both are there.
func (s *sharedEngine) renew(c *detect.Config) error {
	before := s.engine()
	next, err := detect.New(*c, before)
	if err != nil {
		return err
	}
	s.follow(next)
	s.running.Store(next)
	time.Sleep(straggling) // what the old one has begun, it ends
	next.InheritFlags(before)
	_, evicted := before.Count()
	s.evicted.Add(evicted)
	return nil
}

// follow has all told of the engine's flags that want to be.
func (s *sharedEngine) follow(e *detect.Engine) {
	e.Flags().Follow(flagLog{monitor: s.monitor}.changed)
}

// count is what the engine holds and has evicted so far.
func (s *sharedEngine) count() (windows int, evicted uint64) {
	windows, evicted = s.engine().Count()
	return windows, evicted + s.evicted.Load()
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
		if before != nil && before.sharedEngine != l.sharedEngine && l.maker == by {
			l.engine().Inherit(before.engine())
		}
		l.watch.refresh()
	} else if l.sharedEngine, err = newEngine(cfg, before); err != nil {
		return nil, err
	} else {
		l.key, l.maker = key, by
	}
	r.leases = append(r.leases, l)
	return l, nil
}

// newEngine makes an engine that begins with what the server block's last one
// remembers, if there is one.
func newEngine(cfg *config, before *lease) (*sharedEngine, error) {
	var prev *detect.Engine
	if before != nil {
		prev = before.engine()
	}
	engine, err := detect.New(cfg.engine, prev)
	if err != nil {
		return nil, err
	}
	s := &sharedEngine{monitor: cfg.monitor}
	s.running.Store(engine)
	s.follow(engine)
	if s.watch, err = watchLists(cfg, s); err != nil {
		return nil, err
	}
	return s, nil
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
	l.watch.stop()
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
