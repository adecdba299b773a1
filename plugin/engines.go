package notunnel

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/keyhash"
	"github.com/notunnel/notunnel/plugin/state"
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

// sharedEngine is an engine in use.
type sharedEngine struct {
	key     string
	state   string // file, "" for none
	monitor bool
	watch   *listWatch
	maker   *instance
	denials denyLog

	running atomic.Pointer[detect.Engine]
	evicted atomic.Uint64 // by engines that it was before

	store atomic.Pointer[state.Store] // nil without a file, and while an engine before this one has it
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
	e.Flags().Follow(s.changed)
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
	} else if l.sharedEngine, err = r.newEngine(cfg, before, by); err != nil {
		return nil, err
	} else {
		l.key, l.maker = key, by
	}
	r.leases = append(r.leases, l)
	return l, nil
}

// newEngine makes an engine that begins with what the server block's last one
// remembers, if there is one: that which has the state file, or the block's.
func (r *registry) newEngine(cfg *config, before *lease, by *instance) (s *sharedEngine, err error) {
	holder, err := r.claim(cfg, by)
	if err != nil {
		return nil, err
	}
	if holder != nil {
		before = holder
	}
	var prev *detect.Engine
	if before != nil {
		prev = before.engine()
		cfg.engine.Key = prev.Key()
	}
	s = &sharedEngine{monitor: cfg.monitor, state: cfg.state}
	var store *state.Store
	var engine *detect.Engine
	if cfg.state != "" && holder == nil {
		store, engine, err = openState(cfg, prev)
	} else {
		engine, err = detect.New(cfg.engine, prev)
	}
	if err != nil {
		return nil, err
	}
	cfg.engine.Key = engine.Key()
	s.running.Store(engine)
	s.follow(engine)
	if store != nil {
		if err := store.Start(s); err != nil {
			store.Close()
			return nil, err
		}
		s.store.Store(store)
	}
	if s.watch, err = watchLists(cfg, s); err != nil {
		s.end(nil)
		return nil, err
	}
	return s, nil
}

// end ends what goes on beside an engine whose last lease is gone. The state file goes
// to the engine that is to have it next, or is closed.
func (s *sharedEngine) end(next *sharedEngine) {
	if s.watch != nil {
		s.watch.stop()
	}
	if store := s.store.Swap(nil); store != nil && next != nil {
		store.Switch(next)
		next.store.Store(store)
	} else if store != nil {
		store.Close()
	}
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
	for _, next := range []*lease{r.other(l.block, l.instance), r.heir(l)} {
		if next != nil && next.sharedEngine != l.sharedEngine {
			next.engine().InheritFlags(l.engine())
		}
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
	var next *sharedEngine
	if heir := r.heir(l); heir != nil {
		next = heir.sharedEngine
	}
	l.sharedEngine.end(next)
}

// heir is the use of another engine that is to have the state file of this one, nil if
// there is none.
func (r *registry) heir(of *lease) *lease {
	for _, l := range r.leases {
		if of.state != "" && l.state == of.state && l.sharedEngine != of.sharedEngine {
			return l
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
