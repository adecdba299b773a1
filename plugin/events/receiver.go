package events

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Capacity is how many events wait for a receiver at most.
const Capacity = 4096

// Settings are what receivers work by.
type Settings struct {
	Version string // of this build, as findings have it
	Log     Logger
	Count   func(kind string, r Result) // may be called concurrently
}

// Logger is where it is said that a receiver fails.
type Logger interface {
	Infof(format string, v ...any)
	Warningf(format string, v ...any)
}

// Result is what became of an event at a receiver.
type Result uint8

const (
	Sent    Result = iota
	Retried        // it failed, and is tried again
	Refused        // the receiver will never take it
	Dropped        // there was no room for it in the queue
	Lost           // it still waited at the end
)

// Results names every result.
var Results = [...]string{"sent", "retried", "refused", "dropped", "lost"}

func (r Result) String() string { return Results[r] }

// How receivers are tried: how long an attempt takes at most, how long it is waited
// between two, and how long what waits at the end is tried.
const (
	attempt   = 10 * time.Second
	firstWait = 100 * time.Millisecond
	mostWait  = 30 * time.Second
	grace     = 3 * time.Second
)

// receiver is a target with its queue. Safe for concurrent use.
type receiver struct {
	target   Target
	settings *Settings
	sink     sink

	mu     sync.RWMutex // of closing the queue
	closed bool
	queue  chan *Event

	ending  chan struct{} // closed when no more comes
	ctx     context.Context
	abandon context.CancelFunc
	done    chan struct{}
	failing bool                        // it was said
	broken  time.Time                   // when a connection broke last
	breaks  *backoff.ExponentialBackOff // how long it is waited then
}

func newReceiver(t Target, s *Settings) (*receiver, error) {
	to, err := t.open()
	if err != nil {
		return nil, fmt.Errorf("events: %w", err)
	}
	r := &receiver{
		target: t, settings: s, sink: to, queue: make(chan *Event, Capacity), ending: make(chan struct{}), done: make(chan struct{}),
	}
	r.ctx, r.abandon = context.WithCancel(context.Background())
	go r.run()
	return r, nil
}

// tell queues an event. It never waits.
func (r *receiver) tell(e *Event) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.closed {
		r.count(Lost)
		return
	}
	select {
	case r.queue <- e:
	default:
		r.count(Dropped)
	}
}

func (r *receiver) count(result Result) { r.settings.Count(r.target.kind, result) }

// end takes no more, and tries what waits for a moment.
func (r *receiver) end() {
	r.mu.Lock()
	r.closed = true
	close(r.queue)
	r.mu.Unlock()
	close(r.ending)
	moment := time.AfterFunc(grace, r.abandon)
	defer moment.Stop()
	select {
	case <-r.done:
	case <-time.After(grace + time.Second): // it hangs where nothing ends it: a disk
	}
}

func (r *receiver) run() {
	defer close(r.done)
	defer r.abandon()
	defer r.sink.close()
	for {
		select {
		case e, more := <-r.queue:
			if !more {
				return
			}
			r.deliver(e)
		case <-r.sink.broke():
			r.repeat()
		}
	}
}

// repeat sends again what a broken connection may have swallowed. One that breaks at once
// each time is tried less and less often.
func (r *receiver) repeat() {
	if time.Since(r.broken) > 2*mostWait {
		r.breaks = waits()
	}
	r.broken = time.Now()
	select {
	case <-time.After(r.breaks.NextBackOff()):
	case <-r.ending:
	}
	r.persist(func(ctx context.Context) error { return r.sink.repeat(ctx) })
}

func waits() *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{
		InitialInterval: firstWait, RandomizationFactor: backoff.DefaultRandomizationFactor, Multiplier: 2, MaxInterval: mostWait,
	}
}

// deliver sends an event, and counts what becomes of it.
func (r *receiver) deliver(e *Event) {
	text, err := e.encode(r.settings.Version)
	if err != nil {
		r.count(Refused)
		r.settings.Log.Warningf("events: %s: %v", r.target, err)
		return
	}
	err = r.persist(func(ctx context.Context) error { return r.sink.send(ctx, e, text) })
	var no refused
	switch {
	case err == nil:
		r.count(Sent)
	case errors.As(err, &no):
		r.count(Refused)
		r.settings.Log.Warningf("events: %s refuses an event, which is lost: %v", r.target, err)
	default:
		r.count(Lost)
	}
}

// persist tries until it succeeds, is refused or all is over.
func (r *receiver) persist(try func(context.Context) error) error {
	wait, ending := waits(), r.ending
	for r.ctx.Err() == nil {
		ctx, cancel := context.WithTimeout(r.ctx, attempt)
		err := try(ctx)
		cancel()
		var no refused
		switch {
		case err == nil:
			r.works()
			return nil
		case errors.As(err, &no):
			return err
		}
		r.fails(err)
		r.count(Retried)
		select {
		case <-time.After(wait.NextBackOff()):
		case <-ending: // what is left of the time is for short waits
			wait.MaxInterval, ending = firstWait, nil
			wait.Reset()
		case <-r.ctx.Done():
		}
	}
	return r.ctx.Err()
}

// fails and works say once each that a receiver fails and that it works again.
func (r *receiver) fails(err error) {
	if !r.failing {
		r.failing = true
		r.settings.Log.Warningf("events: %s takes nothing, up to %d events wait for it: %v", r.target, Capacity, err)
	}
}

func (r *receiver) works() {
	if r.failing {
		r.failing = false
		r.settings.Log.Infof("events: %s takes events again", r.target)
	}
}
