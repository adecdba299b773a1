package notunnel

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/notunnel/notunnel/plugin/admin"
	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/events"
	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/forecast"
	"github.com/notunnel/notunnel/plugin/state"
	"github.com/notunnel/notunnel/plugin/verdict"
	"github.com/notunnel/notunnel/plugin/watch"
)

// sharedEngine is an engine in use, and what goes on beside it.
type sharedEngine struct {
	config  *config
	key     string
	watch   *listWatch
	maker   *instance
	begun   time.Time
	denials denyLog
	watched *watch.Table // nil if nobody can ask for it, like the observer
	feed    *events.Feed // nil if nobody is told
	expiry  *expiry

	observer *forecast.Observer

	running atomic.Pointer[detect.Engine]
	evicted atomic.Uint64 // by engines that it was before
	pause   pause

	// Nil if there is none, and while an engine before this one has it.
	store  atomic.Pointer[state.Store]
	server atomic.Pointer[admin.Server]
}

// engine is the engine as it is now: other models make it another one.
func (s *sharedEngine) engine() *detect.Engine { return s.running.Load() }

// sameState and sameAdmin report whether two engines have to share a state file or an
// address, which only one can have at a time.
func sameState(a, b *sharedEngine) bool {
	return a.config.state != "" && a.config.state == b.config.state
}

func sameAdmin(a, b *sharedEngine) bool {
	return a.config.admin != "" && a.config.admin == b.config.admin
}

// claim returns the engines of other instances that have the state file and the address
// which this one is to have for an instance, nil where there is none. Two engines of one
// instance cannot have the same.
func (r *registry) claim(s *sharedEngine, by *instance) (file, address *sharedEngine, err error) {
	for _, l := range r.leases {
		if l.sharedEngine == s {
			continue
		}
		state, admin := sameState(l.sharedEngine, s), sameAdmin(l.sharedEngine, s)
		switch {
		case state && l.instance == by:
			return nil, nil, fmt.Errorf("two server blocks with different options name the state file %s: give each one of its own", s.config.state)
		case admin && l.instance == by:
			return nil, nil, fmt.Errorf("two server blocks with different options name the admin address %s: give each one of its own", s.config.admin)
		}
		if state {
			file = l.sharedEngine
		}
		if admin {
			address = l.sharedEngine
		}
	}
	return file, address, nil
}

// newEngine makes an engine that begins with what the one before it remembers: that which
// has the state file, or the server block's last one.
func (r *registry) newEngine(cfg *config, before *lease, by *instance) (_ *sharedEngine, err error) {
	tick()
	s := &sharedEngine{config: cfg, maker: by, begun: now()}
	file, address, err := r.claim(s, by)
	if err != nil {
		return nil, err
	}
	prev := file
	if prev == nil && before != nil {
		prev = before.sharedEngine
	}
	s.observe(prev)
	defer func() {
		if err != nil {
			s.end(nil, nil)
		}
	}()
	if err := s.begin(prev, file == nil); err != nil {
		return nil, err
	}
	if s.watch, err = watchLists(cfg, s); err != nil {
		return nil, err
	}
	if s.feed, err = told.Open(cfg.events); err != nil {
		return nil, err
	}
	s.expiry = expire(s)
	if cfg.admin != "" || s.feed.Any() {
		s.watched = watch.New()
		if prev != nil && prev.watched != nil { // nothing is told twice
			s.watched = prev.watched
		}
	}
	if cfg.admin != "" && address == nil {
		server, err := admin.Listen(cfg.admin, cfg.token, s)
		if err != nil {
			return nil, err
		}
		s.server.Store(server)
	}
	return s, nil
}

// begin makes the engine itself. With a state file that is free it takes that.
func (s *sharedEngine) begin(prev *sharedEngine, free bool) error {
	var from *detect.Engine
	if prev != nil {
		from = prev.engine()
		s.config.engine.Key = from.Key()
		s.Pause(prev.Paused())
	}
	var store *state.Store
	var engine *detect.Engine
	var err error
	if s.config.state != "" && free {
		store, engine, err = openState(s.config, from)
	} else {
		engine, err = detect.New(s.config.engine, from)
	}
	if err != nil {
		return err
	}
	if prev != nil && prev.config.monitor {
		sayEnforced(s.config, engine)
	}
	s.config.engine.Key = engine.Key()
	s.running.Store(engine)
	s.follow(engine)
	if store == nil {
		return nil
	}
	if err := store.Start(s); err != nil {
		store.Close()
		return err
	}
	s.store.Store(store)
	return nil
}

// end ends what goes on beside an engine whose last lease is gone. The state file and
// the address go to the engines that are to have them next, or are given free.
func (s *sharedEngine) end(nextState, nextAdmin *sharedEngine) {
	if s.watch != nil {
		s.watch.stop()
	}
	if server := s.server.Swap(nil); server != nil && nextAdmin != nil {
		server.Switch(nextAdmin.config.token, nextAdmin)
		nextAdmin.server.Store(server)
	} else if server != nil {
		server.Close()
	}
	s.pause.stop()
	s.expiry.stop()
	s.feed.Close()
	if store := s.store.Swap(nil); store != nil && nextState != nil {
		store.Switch(nextState)
		nextState.store.Store(store)
	} else if store != nil {
		store.Close()
	}
}

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
	e.Flags().Follow(flagLog{monitor: s.config.monitor}.changed)
	e.Flags().Follow(s.changed)
}

// changed follows the flags: they are written down soon, and shown to who reads events.
func (s *sharedEngine) changed(c flags.Change) {
	s.Changed()
	s.tell(&c)
	if s.observer != nil {
		s.observer.Flagged(c)
	}
	if server := s.server.Load(); server != nil {
		kind := "released"
		if c.Kind == flags.Raised {
			kind = "flagged"
		}
		server.Publish(kind, func() any {
			return map[string]any{"flag": admin.Show(s.engine(), &c.Flag), "why": c.Kind.String()}
		})
	}
}

// note notes what is of interest in a decision beside the query's answer.
func (s *sharedEngine) note(d *detect.Decision, monitor bool) {
	if d.Ground == verdict.Deny {
		s.denials.denied(d, monitor, now())
		return
	}
	if s.watched == nil || len(d.SLD()) == 0 {
		return
	}
	quarters := s.engine().Quarters(d)
	if d.Verdict != verdict.Watch && quarters == 0 {
		return
	}
	p := watch.Pair{
		SLD: string(d.SLD()), Client: d.Client, Name: string(d.Full()), Watched: d.Verdict == verdict.Watch, Score: d.Score,
		Up: d.Up.Bytes(), Down: d.Down.Bytes(), Quarters: min(quarters, 2), Last: now(),
	}
	if s.watched.Note(p) {
		s.warn(&p)
	}
}

// count is what the engine holds and has evicted so far.
func (s *sharedEngine) count() (windows int, evicted uint64) {
	windows, evicted = s.engine().Count()
	return windows, evicted + s.evicted.Load()
}
