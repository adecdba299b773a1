package notunnel

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/notunnel/notunnel/plugin/events"
	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/split"
	"github.com/notunnel/notunnel/plugin/watch"
)

// told are those who are told of flags, by any engine of this process.
var told = events.NewPool(events.Settings{
	Version: version(), Log: log,
	Count: func(kind string, r events.Result) { eventCounts[kind][r].Inc() },
})

// eventCounts are the counters of each kind of receiver, looked up once.
var eventCounts = func() map[string][]prometheus.Counter {
	all := map[string][]prometheus.Counter{}
	for _, kind := range events.Kinds {
		for _, result := range events.Results {
			all[kind] = append(all[kind], eventsTotal.WithLabelValues(kind, result))
		}
	}
	return all
}()

// tell tells of a change of the flags.
func (s *sharedEngine) tell(c *flags.Change) {
	if !s.feed.Any() {
		return
	}
	e := &events.Event{
		Kind: events.Raised, At: now(), Monitor: s.config.monitor, Flag: c.Flag,
		Standing: s.engine().Standing([]byte(c.Flag.SLD)).String(),
	}
	if c.Kind != flags.Raised {
		e.Kind, e.Why = events.Ended, c.Kind
	}
	s.feed.Tell(e)
}

// warn tells that a pair has come to a quarter or to half of a budget.
func (s *sharedEngine) warn(p *watch.Pair) {
	if !s.feed.Any() {
		return
	}
	limits := s.engine().Limits([]byte(p.SLD))
	e := &events.Event{
		Kind: events.Spent, At: p.Last, Monitor: s.config.monitor, Standing: s.engine().Standing([]byte(p.SLD)).String(),
		Flag: flags.Flag{
			SLD: p.SLD, Scope: p.SLD, Client: p.Client, UpBytes: p.Up, DownBytes: p.Down, Since: p.Last, Last: p.Last,
		},
		Name: split.Text([]byte(p.Name)), UpLimit: limits.Up.Bytes(), DownLimit: limits.Down.Bytes(),
	}
	if e.Share = events.Quarter; p.Quarters > 1 {
		e.Share = events.Half
	}
	s.feed.Tell(e)
}

// expiry ends flags when their time is over, also those that nobody asks for. It has no
// goroutine of its own.
type expiry struct {
	mu    sync.Mutex
	timer *time.Timer
	over  bool
}

// expireEvery is how late a flag may be told to have ended.
const expireEvery = time.Second

func expire(s *sharedEngine) *expiry {
	x := &expiry{}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.timer = time.AfterFunc(expireEvery, func() {
		s.engine().Flags().Expire(now())
		x.mu.Lock()
		defer x.mu.Unlock()
		if !x.over {
			x.timer.Reset(expireEvery)
		}
	})
	return x
}

func (x *expiry) stop() {
	if x == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.over = true
	x.timer.Stop()
}
