package slab

// Pool hands out values of a type without pointers by number, and takes them back. They
// are allocated by the chunk. The zero value is an empty pool. Not safe for concurrent
// use.
type Pool[T any] struct {
	chunks [][]T
	idle   []uint32
	used   uint32
}

const chunk = 64

// At is the value of a number. It never moves.
func (p *Pool[T]) At(number uint32) *T { return &p.chunks[number/chunk][number%chunk] }

// Take hands out a value, which may hold anything.
func (p *Pool[T]) Take() uint32 {
	if n := len(p.idle); n > 0 {
		number := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return number
	}
	if p.used%chunk == 0 {
		p.chunks = append(p.chunks, make([]T, chunk))
	}
	p.used++
	return p.used - 1
}

// Give takes a value back.
func (p *Pool[T]) Give(number uint32) { p.idle = append(p.idle, number) }
