// Package window keeps what is remembered of every (SLD, client) pair. It knows
// no policy: how far back a window reaches and when it is worth a score is told
// it once, at construction.
//
// Three layers: Window has the sums of one pair and knows no locks; a shard is
// a mutex around a table of the pairs used last; Store picks the shard. One lock
// and one look-up cover a query.
package window
