// Package state keeps on disk what an engine must not forget: who is flagged, what
// people said, the key under which pairs are known, and what was metered.
//
// There are two files. FILE has flags, allowances, marks and the key, and is written
// within a second of a change; FILE.meter has what was metered, and is written each
// minute, as FILE is. Each begins with a line that says what it is, which version, and
// the SHA-256 of the rest. A file is written beside its place, synced, and renamed, so
// that at any moment there is a whole one. FILE.lock is held while they are in use.
package state
