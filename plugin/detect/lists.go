package detect

import "github.com/notunnel/notunnel/plugin/verdict"

// SetDeny puts another deny list in force. A nil list denies nothing.
func (e *Engine) SetDeny(l *verdict.DenyList) { e.deny.Store(l) }

// allowed reports whether the query is never judged.
func (e *Engine) allowed(q *Query, d *Decision) bool {
	name := d.Full()
	return e.allow.Load().Covers(name) || e.orders.allowances.Load().Covers(name, &d.Client, q.from(), q.At) || e.deny.Load().Passes(name)
}

// denied reports whether the name of the query is denied, and sets the scope then.
func (e *Engine) denied(d *Decision) (ok bool) {
	if d.Scope, ok = e.deny.Load().Covers(d.Full()); !ok {
		d.Scope, ok = e.orders.confirmed.Load().Covers(d.Full())
	}
	return ok
}

// block rules on a query whose name is denied.
func (e *Engine) block(d *Decision) {
	d.Ruling = e.rules.On(&verdict.Case{Denied: true, Scope: d.Scope})
}
