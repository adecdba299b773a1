// Package slab holds values by keyed hash where the collector of garbage has nothing to
// look at: in arrays without pointers, found through an index of open addressing.
//
// When a table is full, a hand goes round in search of a value that nobody touched since
// it came by last (CLOCK, Corbató 1968): an eviction costs O(1) on average, and a
// look-up writes one bit that is at hand instead of a list whose links are anywhere in
// memory. Keys are keyed hashes that nobody can aim with. Who knows early what will be
// looked at can have the processor bring it in meanwhile.
package slab
