package notunnel

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"

	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/split"
	"github.com/notunnel/notunnel/plugin/subject"
)

// denyLog writes a line an hour for each domain that is denied and client that asks for
// it. The zero value is ready. Safe for concurrent use. It takes a lock for each denied
// query, 0.1 µs, a tenth of what the answer to it takes to be written.
type denyLog struct {
	mu     sync.Mutex
	said   *simplelru.LRU[denial, time.Time] // when there was a line
	pace   *rate.Limiter
	unsaid int // lines that the pace left out
}

// denial is what a line is about.
type denial struct {
	scope  string
	client subject.Client
}

const (
	denialsKept  = 4096 // some 100 bytes each
	denialEvery  = time.Hour
	denialsASec  = 10 // lines: clients can be made up
	denialsAtOne = 100
)

// denied counts a query that was denied.
func (l *denyLog) denied(d *detect.Decision, monitor bool, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.said == nil {
		// The size is positive, the only thing that NewLRU can object to.
		l.said, _ = simplelru.NewLRU[denial, time.Time](denialsKept, nil)
		l.pace = rate.NewLimiter(denialsASec, denialsAtOne)
	}
	which := denial{scope: string(d.Scope), client: d.Client}
	if last, ok := l.said.Get(which); ok && at.Sub(last) < denialEvery {
		return
	}
	l.said.Add(which, at)
	if !l.pace.AllowN(at, 1) {
		l.unsaid++
		return
	}
	action := "block"
	if monitor {
		action = "monitor"
	}
	log.Infof("denied sld=%s scope=%s client=%s ground=%s action=%s left_out=%d",
		split.Text(d.SLD()), split.Text(d.Scope), d.Client, d.Ground, action, l.unsaid)
	l.unsaid = 0
}
