package meter

import (
	"encoding/binary"
	"io"
	"time"
)

// saveVersion is that of the form which Save writes and Restore reads: integers as
// varints, hashes as eight, four or two bytes, little-endian.
const saveVersion = 3

// Save writes what Restore reads: all accounts, and what was paid for. Both mean
// something under the meter's key alone. Accounts that others hold come in so many parts:
// each calls yield with those of a part, which it has locked. The meter may be in use
// meanwhile; no query waits for more than the copy of one part.
func (m *Meter) Save(w io.Writer, parts int, each func(part int, yield Yield)) error {
	s := saver{w: w}
	s.uint(saveVersion)
	s.uint(uint64(m.config.Capacity))
	s.paid(&m.paid)
	for i := range m.before {
		s.guarded(&m.before[i])
	}
	for i := range m.here.Len() {
		shard := m.here.Shard(i)
		shard.Lock()
		shard.Each(func(key uint64, a *Account) { s.account(key, a, &m.rests[i]) })
		shard.Unlock()
		s.flush()
	}
	s.byte(0)
	for i := range parts {
		each(i, s.account)
		s.flush()
	}
	s.byte(0)
	s.flush()
	return s.err
}

// Yield takes an account.
type Yield func(key uint64, a *Account, rests *Rests)

// saver writes into memory, and from there when flush says so: nobody waits under a lock
// for a disk.
type saver struct {
	w   io.Writer
	buf []byte
	err error
}

func (s *saver) flush() {
	if s.err == nil {
		_, s.err = s.w.Write(s.buf)
	}
	s.buf = s.buf[:0]
}

func (s *saver) byte(b byte) { s.buf = append(s.buf, b) }

func (s *saver) uint(n uint64) { s.buf = binary.AppendUvarint(s.buf, n) }

// fixed writes the low bytes of a hash.
func (s *saver) fixed(n uint64, size int) {
	var all [8]byte
	binary.LittleEndian.PutUint64(all[:], n)
	s.buf = append(s.buf, all[:size]...)
}

// paid writes of each line which entries it has, and those.
func (s *saver) paid(p *paid) {
	s.uint(uint64(len(p.lines)))
	for i := range p.lines {
		var there byte
		var entries [perLine]uint64
		for j := range entries {
			if entries[j] = p.lines[i][j].Load(); entries[j] != 0 {
				there |= 1 << j
			}
		}
		s.byte(there)
		for _, e := range entries {
			if e != 0 {
				s.fixed(e, 8)
			}
		}
		if len(s.buf) > 64<<10 {
			s.flush()
		}
	}
}

func (s *saver) guarded(g *guarded) {
	g.mu.Lock()
	s.uint(g.made)
	s.uint(uint64(g.held.begun.UnixNano()))
	for _, buckets := range g.held.buckets {
		s.buckets(buckets)
	}
	g.mu.Unlock()
	s.flush()
}

// buckets writes those that something was put into.
func (s *saver) buckets(all []bucket) {
	s.uint(uint64(len(all)))
	for i := range all {
		b := &all[i]
		if *b == (bucket{}) {
			s.byte(0)
			continue
		}
		s.byte(1)
		for j := range places {
			s.fixed(uint64(b.prints[j]), 2)
			s.fixed(uint64(b.up[j]), 2)
			s.fixed(uint64(b.down[j]), 2)
		}
		s.fixed(uint64(b.lostUp), 2)
		s.fixed(uint64(b.lostDn), 2)
	}
}

// account writes an account that has been charged: 1, or 2 if it has a rest, and itself.
func (s *saver) account(key uint64, a *Account, rests *Rests) {
	switch {
	case a.identity == 0:
		return
	case a.rest == 0:
		s.byte(1)
	default:
		s.byte(2)
		s.rest(rests.of(a))
	}
	s.fixed(key, 8)
	s.fixed(a.identity, 8)
	asked := uint32(0)
	if a.memory.asked {
		asked = 1
	}
	for _, n := range [...]uint32{
		a.part, uint32(a.up.now), uint32(a.down.now), uint32(a.before.up), uint32(a.before.down),
		a.unchanged, a.newest, a.begun, a.memory.run, a.memory.fresh, uint32(a.memory.qtype), asked,
	} {
		s.uint(uint64(n))
	}
	s.fixed(a.memory.last, 8)
	saveRecent(s, &a.memory.names, 4)
	saveRecent(s, &a.memory.labels, 2)
	saveRecent(s, &a.records, 2)
}

func (s *saver) rest(r *rest) {
	for _, o := range [...]*older{&r.up, &r.down} {
		for _, n := range o {
			s.uint(uint64(n))
		}
	}
	for i := range depth {
		s.uint(uint64(r.subtree.prints[i]))
		s.uint(uint64(r.subtree.votes[i]))
	}
	s.uint(uint64(r.subtree.cast))
	for _, p := range r.tails.names {
		s.fixed(uint64(p), 4)
	}
	for _, p := range r.tails.labels {
		s.fixed(uint64(p), 2)
	}
	for _, p := range r.records {
		s.fixed(uint64(p), 2)
	}
}

// saveRecent writes the prints of a set that are at hand, of so many bytes each.
func saveRecent[P print](s *saver, r *recent[P], size int) {
	s.byte(r.size)
	for _, p := range r.prints[:min(r.size, few)] {
		s.fixed(uint64(p), size)
	}
}

// timeAt is the time so many nanoseconds after 1970.
func timeAt(ns uint64) time.Time { return time.Unix(0, int64(ns)) }
