package notunnel

import "time"

// moment is a time of the clock that nobody can set, since the start: time.Now reads two
// clocks, and one that is set back would prolong every block.
type moment time.Duration

var started = time.Now()

func now() moment { return moment(time.Since(started)) }

func (m moment) time() time.Time { return started.Add(time.Duration(m)) }
