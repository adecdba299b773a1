// Package window keeps what is remembered of every (SLD, client) pair.
//
// Three layers: Window has the sums of one pair and knows no locks; a shard is
// a mutex around two tables of the pairs used last, windows and flags; Store
// picks the shard. One lock and one look-up cover a query.
package window
