//go:build amd64 || arm64

package slab

import "unsafe"

// Prefetch tells the processor that lines of memory, at least one, are about to be used,
// and waits for nothing. With all windows full, most of what a query needs is in no cache.
//
//go:noescape
func Prefetch(p unsafe.Pointer, lines int)
