package notunnel

import (
	"sync"
	"sync/atomic"
	"time"
)

// The time that queries are judged by is looked up once in a while, not by each: nothing
// here is about less than some seconds, and reading the system's clock took a thirtieth of
// what a query costs. It is that of a clock which nobody can set: one that is set back
// would prolong every block.

// beat is about how late that time can be.
const beat = 50 * time.Millisecond

var (
	started = time.Now()
	current atomic.Pointer[time.Time]
	ticking sync.Once
)

func init() { look() }

// now is the time.
func now() time.Time { return *current.Load() }

func look() {
	at := started.Add(time.Since(started))
	current.Store(&at)
}

// tick keeps the time from now on, as long as the process lasts. It has no goroutine of its
// own.
func tick() {
	look()
	ticking.Do(func() { time.AfterFunc(beat, again) })
}

func again() {
	look()
	time.AfterFunc(beat, again)
}
