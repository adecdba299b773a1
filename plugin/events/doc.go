// Package events tells other systems of flags: that one was raised, that it ended, that a
// pair has spent a good part of its budget. Each is one JSON object in the form of OCSF's
// Detection Finding, sent to a file, by syslog or by https.
//
// Telling never waits. Each receiver has a queue of its own, of 4,096 events, and what does
// not fit is counted and lost; what fits is tried until the receiver takes it. Receivers
// are shared by all who name the same one, so that a queue outlives a reload.
package events
