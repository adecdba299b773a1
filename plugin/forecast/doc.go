// Package forecast tells what block mode would do, or does: whom it blocks, how many of
// that may be mistakes, which budget would refuse nobody, and which domains and machines
// a person may want to leave out before. It is for people and decides nothing.
//
// An Observer notes what goes on, in bounded memory: flags, what pairs carried beyond
// some bytes, and of domains and clients what sets one's own domains and servers apart
// from others. From files it sees every query; beside a running server one in so many
// names, which it tells by a keyed hash, so that a name is seen each time or never.
// Make makes a Report of it.
package forecast
