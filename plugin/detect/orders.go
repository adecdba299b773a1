package detect

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/subject"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// orders are what people say while the engine runs. They hold names, so that engines of
// other options take them over as well.
type orders struct {
	mu         sync.Mutex // of who changes them
	allowances atomic.Pointer[verdict.Allowances]
	marks      flags.Marks
	confirmed  atomic.Pointer[verdict.DenyList] // scopes of the marks that are for everyone
}

// allow reports whether an allowance covers the query. Nearly always there are none.
func (o *orders) allow(q *Query, d *Decision) bool {
	all := o.allowances.Load()
	return all.Any() && all.Covers(d.Full(), &d.Client, q.from(), q.At)
}

// Allow adds an allowance. One without an end releases the flags that it covers; one
// with an end only suspends them, and those that have not run out by then go on.
func (e *Engine) Allow(a verdict.Allowance, at time.Time) error {
	e.orders.mu.Lock()
	defer e.orders.mu.Unlock()
	next, err := e.orders.allowances.Load().With(at, a)
	if err != nil {
		return err
	}
	e.orders.allowances.Store(next)
	if a.Until.IsZero() {
		e.release(flags.Allowed, func(f *flags.Flag) bool { return a.Within(f.Scope, &f.Client) }, at)
	}
	return nil
}

// Disallow takes an allowance back. It returns false if there is none.
func (e *Engine) Disallow(domain string, client subject.Client) bool {
	e.orders.mu.Lock()
	defer e.orders.mu.Unlock()
	next, ok := e.orders.allowances.Load().Without(domain, client)
	e.orders.allowances.Store(next)
	return ok
}

// Allowances are those that hold, by domain.
func (e *Engine) Allowances(at time.Time) []verdict.Allowance {
	return e.orders.allowances.Load().All(at)
}

// Mark sets the mark of a flag. With a mark for everyone its scope is blocked for every
// client, until the flag is released or marked otherwise.
func (e *Engine) Mark(m flags.Mark) error {
	if err := m.Check(); err != nil {
		return err
	}
	e.orders.mu.Lock()
	defer e.orders.mu.Unlock()
	if err := e.orders.marks.Set(m); err != nil {
		return err
	}
	e.confirm()
	return nil
}

// Marks are those that were set, the oldest first.
func (e *Engine) Marks() []flags.Mark { return e.orders.marks.All() }

// MarkOf is the mark of a flag, false if it has none.
func (e *Engine) MarkOf(id uint64) (flags.Mark, bool) { return e.orders.marks.Of(id) }

// confirm puts in force what marks are for everyone. The orders are locked.
func (e *Engine) confirm() {
	all := verdict.NewDenyBuilder(nil)
	for _, m := range e.orders.marks.All() {
		if m.Everyone {
			all.AddScope(m.Flag.Scope)
		}
	}
	e.orders.confirmed.Store(all.List())
	e.names.forget()
}

// Release ends the flags that are to go, and what was confirmed of them for everyone.
// Each pair begins anew, with a fresh window and nothing spent. It returns how many
// there were.
func (e *Engine) Release(goes func(id uint64) bool, at time.Time) (count int) {
	e.orders.mu.Lock()
	defer e.orders.mu.Unlock()
	released := map[uint64]bool{}
	for _, id := range e.release(flags.Released, func(f *flags.Flag) bool { return goes(f.ID) }, at) {
		released[id] = true
	}
	for _, m := range e.orders.marks.All() {
		if m.Everyone && goes(m.Flag.ID) {
			released[m.Flag.ID] = true
			m.Everyone = false
			e.orders.marks.Set(m) // it is one that is there
		}
	}
	e.confirm()
	return len(released)
}

func (e *Engine) release(why flags.Kind, goes func(*flags.Flag) bool, at time.Time) (ids []uint64) {
	for _, r := range e.flags.Release(why, goes) {
		e.pairs.forgive(r.Pair, at)
		e.meter.ForgiveHere(r.Pair, at) // it can be a second key
		if r.Ground == verdict.ClientBudget {
			e.meter.ForgiveHere(r.Client.All(&e.config.Key), at)
		}
		ids = append(ids, r.ID)
	}
	return ids
}

// inheritOrders takes over those about which this engine has none of its own.
func (e *Engine) inheritOrders(from *Engine) {
	e.Order(from.Allowances(time.Time{}), from.Marks())
}

// Order takes in what people said to an engine before this one, where nothing has been
// said to this one.
func (e *Engine) Order(allowances []verdict.Allowance, marks []flags.Mark) {
	e.orders.mu.Lock()
	defer e.orders.mu.Unlock()
	known := e.orders.allowances.Load()
	allowances = slices.DeleteFunc(allowances, func(a verdict.Allowance) bool { return known.Has(a.Domain, a.Client) })
	if next, err := known.With(time.Time{}, allowances...); err == nil { // there is room for them
		e.orders.allowances.Store(next)
	}
	for _, m := range marks {
		if _, ok := e.orders.marks.Of(m.Flag.ID); !ok {
			e.orders.marks.Set(m) // if there is room
		}
	}
	e.confirm()
}
