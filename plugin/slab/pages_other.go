//go:build !linux

package slab

// onLargePages has nothing to ask for.
func onLargePages([]byte) {}
