//go:build race

package notunnel

// racing is how many allocations more there can be: the race detector has pools drop a
// part of what they hold.
const racing = 1
