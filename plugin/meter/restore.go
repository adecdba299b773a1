package meter

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// ErrForm says that what Restore read is not what Save writes.
var ErrForm = errors.New("not what a meter saves")

// Restore takes over what a meter under the same key saved, as Inherit takes over from
// one that is there. This one must be new and in use by nobody. After an error it is in
// no state to be used.
func (m *Meter) Restore(from io.Reader) error {
	r := restorer{r: bufio.NewReader(from)}
	if v := r.uint(); r.err == nil && v != saveVersion {
		return fmt.Errorf("%w: form %d, this build reads %d", ErrForm, v, saveVersion)
	}
	shards, capacity := r.uint(), r.uint()
	alike := shards == uint64(len(m.shards)) && capacity == uint64(m.config.Capacity)
	r.paid(&m.paid)
	for i := 0; i < int(min(shards, mostShards)) && r.err == nil; i++ {
		made := r.uint()
		var past past
		r.past(&past)
		if alike {
			past.mask = m.shards[i].past.mask
			if past.buckets != nil && uint64(len(past.buckets)) != past.mask+1 {
				return ErrForm
			}
			m.shards[i].past = past
		}
		for j := range m.shards { // no identity comes twice
			m.shards[j].made = max(m.shards[j].made, made)
		}
		for range r.uint() {
			var a account
			if r.account(&a); r.err != nil {
				break
			}
			if !alike { // what it had spent before counts as if spent now
				a.up.add(a.before.up)
				a.down.add(a.before.down)
				a.before = amount{}
			}
			m.inherit(&a)
		}
	}
	return r.err
}

// restorer reads what a saver wrote. After an error everything is zero.
type restorer struct {
	r   *bufio.Reader
	err error
	buf [8]byte
}

func (r *restorer) fail(err error) {
	if r.err == nil && err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		r.err = fmt.Errorf("%w: %w", ErrForm, err)
	}
}

func (r *restorer) uint() (n uint64) {
	if r.err == nil {
		var err error
		n, err = binary.ReadUvarint(r.r)
		r.fail(err)
	}
	if r.err != nil {
		return 0
	}
	return n
}

// upTo is an integer that is at most so much.
func (r *restorer) upTo(most uint64) uint64 {
	n := r.uint()
	if n > most {
		r.fail(fmt.Errorf("%d where %d is the most", n, most))
		return 0
	}
	return n
}

func (r *restorer) uint32() uint32 { return uint32(r.upTo(1<<32 - 1)) }

func (r *restorer) fixed(size int) uint64 {
	r.buf = [8]byte{}
	if r.err == nil {
		_, err := io.ReadFull(r.r, r.buf[:size])
		r.fail(err)
	}
	return binary.LittleEndian.Uint64(r.buf[:])
}

// paid reads lines into a table of as many; others are of no use.
func (r *restorer) paid(p *paid) {
	n := r.uint()
	fits := n == uint64(len(p.lines))
	for i := uint64(0); i < n && r.err == nil; i++ {
		there := r.fixed(1)
		for j := range perLine {
			if there>>j&1 == 0 {
				continue
			}
			if e := r.fixed(8); fits && r.err == nil {
				p.lines[i][j].Store(e)
			}
		}
	}
}

func (r *restorer) past(p *past) {
	n := r.upTo(2 * mostHeld)
	if n == 0 || r.err != nil {
		return
	}
	p.begun = timeAt(r.uint())
	for range n {
		if r.err != nil {
			return
		}
		var both [days]bucket
		if r.fixed(1) != 0 {
			for d := range days {
				b := &both[d]
				for j := range places {
					b.prints[j], b.up[j], b.down[j] = uint16(r.fixed(2)), uint16(r.fixed(2)), uint16(r.fixed(2))
				}
				b.lostUp, b.lostDn = uint16(r.fixed(2)), uint16(r.fixed(2))
			}
		}
		p.buckets = append(p.buckets, both)
	}
}

func (r *restorer) account(a *account) {
	a.key, a.identity, a.part = r.fixed(8), r.fixed(8), r.uint32()
	for _, sum := range [...]*sum{&a.up, &a.down} {
		for i := range sum.part {
			n := min(Bits(r.uint32()), ^sum.total)
			sum.part[i] = n
			sum.total += n
		}
	}
	a.before.up, a.before.down = Bits(r.uint32()), Bits(r.uint32())
	a.unchanged, a.newest, a.begun, a.memory.run, a.memory.fresh = r.uint32(), r.uint32(), r.uint32(), r.uint32(), r.uint32()
	a.memory.qtype = uint16(r.upTo(1<<16 - 1))
	for i := range a.subtree.prints {
		a.subtree.prints[i] = r.uint32()
	}
	for i := range a.subtree.votes {
		a.subtree.votes[i] = Bits(r.uint32())
	}
	a.subtree.cast = Bits(r.uint32())
	a.memory.asked = r.upTo(1) == 1
	a.memory.last = r.fixed(8)
	restoreRecent(r, &a.memory.names, 4)
	restoreRecent(r, &a.memory.labels, 2)
	restoreRecent(r, &a.records, 2)
}

func restoreRecent[P print](r *restorer, set *recent[P], size int) {
	set.size, set.order = uint8(r.upTo(most)), r.fixed(8)
	for i := range set.prints[:set.size] {
		set.prints[i] = P(r.fixed(size))
	}
	// Each place that is used stands in the order once, and nothing else does.
	seen, rest := uint32(0), set.order
	for range set.size {
		seen |= 1 << (rest & (most - 1))
		rest >>= 4
	}
	if seen != 1<<set.size-1 || rest != 0 {
		r.fail(errors.New("places out of order"))
	}
}
