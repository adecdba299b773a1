package detect

import "github.com/notunnel/notunnel/plugin/verdict"

// SetDeny puts another deny list in force. A nil list denies nothing.
func (e *Engine) SetDeny(l *verdict.DenyList) {
	e.deny.Store(l)
	e.names.forget()
}

// listed reports whether a list allows the name, whoever asks, or denies it, and below which
// scope then.
func (e *Engine) listed(name []byte) (allowed, denied bool, scope []byte) {
	deny := e.deny.Load()
	if e.allow.Load().Covers(name) || deny.Passes(name) {
		return true, false, nil
	}
	if scope, denied = deny.Covers(name); !denied {
		scope, denied = e.orders.confirmed.Load().Covers(name)
	}
	return false, denied, scope
}

// block rules on a query whose name is denied.
func (e *Engine) block(d *Decision) {
	d.Ruling = e.rules.On(&verdict.Case{Denied: true, Scope: d.Scope})
}
