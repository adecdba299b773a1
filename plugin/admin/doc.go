// Package admin is the interface over HTTP by which people see what an engine does and
// change it: JSON below /api/v1, as plugin/README.md lists it.
//
// What people asked for is nobody else's business, so that without a token the interface
// listens on loopback alone and only reads, and with one every request needs it. The Host
// of a request must be an address or the configured name, since a page in the
// administrator's browser could otherwise reach the interface under a name of its own
// (DNS rebinding), and a request that a page of another origin makes is refused. Bodies,
// connections and the rate of requests are bounded, and slow clients time out.
//
// Names and clients come from queries: hostile text. They are written in presentation
// form with \DDD escapes, and in JSON with <, > and & escaped as well.
package admin
