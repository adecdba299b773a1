package meter

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// ErrForm says that what Restore read is not what Save writes.
var ErrForm = errors.New("not what a meter saves")

// Restore takes over what a meter under the same key saved, as Inherit takes over from
// one that is there. Accounts that others hold are put into the place that place returns
// for them, locked until fill has been called. This meter must be new and in use by
// nobody. After an error it is in no state to be used.
func (m *Meter) Restore(from io.Reader, place func(key uint64, at time.Time, fill func(*Account, *Rests))) error {
	r := restorer{r: bufio.NewReader(from)}
	if v := r.uint(); r.err == nil && v != saveVersion {
		return fmt.Errorf("%w: form %d, this build reads %d", ErrForm, v, saveVersion)
	}
	alike := r.uint() == uint64(m.config.Capacity)
	r.paid(&m.paid)
	for i := range m.before {
		r.guarded(&m.before[i], alike)
	}
	var rests Rests
	var a Account
	for key, ok := r.account(&a, &rests); ok; key, ok = r.account(&a, &rests) {
		s, here := m.of(key)
		s.Lock()
		*m.place(s, here, key, a.Begun()) = m.adopt(a, alike, here, &rests)
		s.Unlock()
	}
	for key, ok := r.account(&a, &rests); ok; key, ok = r.account(&a, &rests) {
		place(key, a.Begun(), func(at *Account, there *Rests) { *at = m.adopt(a, alike, there, &rests) })
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

func (r *restorer) guarded(g *guarded, alike bool) {
	g.made = max(g.made, r.uint()) // no identity comes twice
	was := past{begun: timeAt(r.uint()), mask: g.held.mask}
	for i := range was.buckets {
		was.buckets[i] = r.buckets()
		if n := len(was.buckets[i]); alike && n > 0 && uint64(n) != was.mask+1 {
			r.fail(fmt.Errorf("%d buckets, %d wanted", n, was.mask+1))
		}
	}
	if alike && r.err == nil {
		g.held = was
	}
}

func (r *restorer) buckets() (all []bucket) {
	for range r.upTo(mostBuckets) {
		var b bucket
		if r.fixed(1) != 0 {
			for j := range places {
				b.prints[j], b.up[j], b.down[j] = uint16(r.fixed(2)), uint16(r.fixed(2)), uint16(r.fixed(2))
			}
			b.lostUp, b.lostDn = uint16(r.fixed(2)), uint16(r.fixed(2))
		}
		if r.err != nil {
			return nil
		}
		all = append(all, b)
	}
	return all
}

// mostBuckets is more than any meter has.
const mostBuckets = 1 << 20

// account reads an account, and its rest into rests, which has room for one. It returns
// false after the last one of a list, or an error.
func (r *restorer) account(a *Account, rests *Rests) (key uint64, ok bool) {
	rests.let(a)
	*a = Account{}
	kind := r.fixed(1)
	if kind > 2 {
		r.fail(fmt.Errorf("%d begins no account", kind))
	}
	if kind == 0 || r.err != nil {
		return 0, false
	}
	if kind == 2 {
		r.rest(rests.of(a))
	}
	key, a.identity = r.fixed(8), max(r.fixed(8), 1)
	a.part = r.uint32()
	up, down := Bits(r.uint32()), Bits(r.uint32())
	a.before.up, a.before.down = Bits(r.uint32()), Bits(r.uint32())
	a.unchanged, a.newest, a.begun, a.memory.run, a.memory.fresh = r.uint32(), r.uint32(), r.uint32(), r.uint32(), r.uint32()
	a.memory.qtype, a.memory.asked = uint16(r.upTo(1<<16-1)), r.upTo(1) == 1
	a.memory.last = r.fixed(8)
	restoreRecent(r, &a.memory.names, 4, a.rest)
	restoreRecent(r, &a.memory.labels, 2, a.rest)
	restoreRecent(r, &a.records, 2, a.rest)
	a.up.add(up)
	a.down.add(down)
	if a.rest != 0 {
		more := rests.of(a)
		a.up.total, a.down.total = a.up.with(&more.up), a.down.with(&more.down)
	}
	return key, r.err == nil
}

func (r *restorer) rest(more *rest) {
	for _, o := range [...]*older{&more.up, &more.down} {
		for i := range o {
			o[i] = Bits(r.uint32())
		}
	}
	for i := range depth {
		more.subtree.prints[i], more.subtree.votes[i] = r.uint32(), Bits(r.uint32())
	}
	more.subtree.cast = Bits(r.uint32())
	for i := range more.tails.names {
		more.tails.names[i] = uint32(r.fixed(4))
	}
	for i := range more.tails.labels {
		more.tails.labels[i] = uint16(r.fixed(2))
	}
	for i := range more.records {
		more.records[i] = uint16(r.fixed(2))
	}
}

func restoreRecent[P print](r *restorer, set *recent[P], size int, rest uint32) {
	set.size = uint8(r.fixed(1))
	if set.size > most || set.size > few && rest == 0 {
		r.fail(fmt.Errorf("a set of %d", set.size))
		set.size = 0
	}
	for i := range set.prints[:min(set.size, few)] {
		set.prints[i] = P(r.fixed(size))
	}
}
