package main

import "time"

// clock is the recorded time. It never goes back; a query of unknown time
// comes a second after the one before it, the first one at 1970.
type clock struct{ now time.Time }

func (c *clock) at(t time.Time) time.Time {
	if c.now.IsZero() {
		c.now = time.Unix(0, 0)
	}
	if t.IsZero() {
		t = c.now.Add(time.Second)
	}
	if t.After(c.now) {
		c.now = t
	}
	return c.now
}
