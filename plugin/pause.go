package notunnel

import (
	"sync"
	"sync/atomic"
	"time"
)

// pause lets every query pass for a while: somebody broke the glass. It is said when it
// begins and when it ends. Safe for concurrent use; the zero value is none.
type pause struct {
	until atomic.Int64 // ns since 1970, 0 for none
	mu    sync.Mutex
	over  *time.Timer // says the end
}

// set begins one, or ends it with the zero time.
func (p *pause) set(until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over != nil {
		p.over.Stop()
		p.over = nil
	}
	was := p.until.Load() != 0
	p.until.Store(0)
	switch left := until.Sub(now()); {
	case !until.IsZero() && left > 0:
		p.until.Store(until.UnixNano())
		log.Warningf("paused: every query passes, judged by nobody, until %s", until.UTC().Format(time.RFC3339))
		p.over = time.AfterFunc(left, func() { p.end(until.UnixNano()) })
	case was:
		log.Warning(pauseOver)
	}
}

const pauseOver = "the pause is over: queries are judged again"

// end ends a pause that lasts until then, and no other one.
func (p *pause) end(until int64) {
	if p.until.CompareAndSwap(until, 0) {
		log.Warning(pauseOver)
	}
}

// at is when it ends, the zero time if there is none.
func (p *pause) at() (until time.Time) {
	if ns := p.until.Load(); ns != 0 {
		until = time.Unix(0, ns)
	}
	return until
}

// stop ends it without a word: whoever goes on has been told.
func (p *pause) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over != nil {
		p.over.Stop()
	}
}

// passesAll reports whether every query passes at the moment.
func (s *sharedEngine) passesAll() bool {
	until := s.pause.until.Load()
	return until != 0 && now().UnixNano() < until
}
