package slab

import (
	"sync"
	"unsafe"
)

// Memory is where the values of some tables and pools lie close together, in blocks on the
// largest pages that the system has: with the usual ones nearly every look at a value that
// was not used lately has to find out first where its page is. The zero value is ready to
// use. Safe for concurrent use.
//
// A block goes when nothing in it is in use any more.
type Memory struct {
	mu   sync.Mutex
	rest []byte // of the last block
}

const (
	block = 4 << 20 // bytes
	line  = 64      // of the processor's cache: where each piece begins
)

// Make returns n zero values of a type without pointers. The memory may be nil: then they
// lie anywhere.
func Make[T any](m *Memory, n int) []T {
	if m == nil || n == 0 {
		return make([]T, n)
	}
	size := (n*int(unsafe.Sizeof(*new(T))) + line - 1) &^ (line - 1)
	// The collector sees bytes, which is why there may be no pointers.
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(m.take(size)))), n)
}

func (m *Memory) take(size int) (piece []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if size > len(m.rest) {
		if size >= block {
			return newBlock(size)
		}
		m.rest = newBlock(block)
	}
	piece, m.rest = m.rest[:size:size], m.rest[size:]
	return piece
}

// newBlock allocates a block, which as all that is large begins with a page.
func newBlock(size int) []byte {
	b := make([]byte, size)
	onLargePages(b)
	return b
}
