package meter

import (
	"bufio"
	"encoding/binary"
	"io"
	"time"
)

// saveVersion is that of the form which Save writes and Restore reads: integers as
// varints, hashes as eight, four or two bytes, little-endian.
const saveVersion = 1

// Save writes what Restore reads: all accounts, and what was paid for. Both mean
// something under the meter's key alone. The meter may be in use meanwhile; no query
// waits for more than the copy of one shard.
func (m *Meter) Save(w io.Writer) error {
	s := saver{w: bufio.NewWriter(w)}
	s.uint(saveVersion)
	s.uint(uint64(len(m.shards)))
	s.uint(uint64(m.config.Capacity))
	s.paid(&m.paid)
	for i := range m.shards {
		accounts, past, made := m.shards[i].copies()
		s.uint(made)
		s.past(&past)
		s.uint(uint64(len(accounts)))
		for j := range accounts {
			s.account(&accounts[j])
		}
	}
	return s.w.Flush() // an error of any write
}

type saver struct {
	w   *bufio.Writer
	buf [binary.MaxVarintLen64]byte
}

func (s *saver) uint(n uint64) { s.w.Write(binary.AppendUvarint(s.buf[:0], n)) }

// fixed writes the low bytes of a hash.
func (s *saver) fixed(n uint64, size int) {
	s.w.Write(binary.LittleEndian.AppendUint64(s.buf[:0], n)[:size])
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
		s.w.WriteByte(there)
		for _, e := range entries {
			if e != 0 {
				s.fixed(e, 8)
			}
		}
	}
}

// past writes the buckets that something was put into.
func (s *saver) past(p *past) {
	s.uint(uint64(len(p.buckets)))
	if p.buckets == nil {
		return
	}
	s.uint(uint64(p.begun.UnixNano()))
	for i := range p.buckets {
		if p.buckets[i] == [days]bucket{} {
			s.w.WriteByte(0)
			continue
		}
		s.w.WriteByte(1)
		for d := range days {
			b := &p.buckets[i][d]
			for j := range places {
				s.fixed(uint64(b.prints[j]), 2)
				s.fixed(uint64(b.up[j]), 2)
				s.fixed(uint64(b.down[j]), 2)
			}
			s.fixed(uint64(b.lostUp), 2)
			s.fixed(uint64(b.lostDn), 2)
		}
	}
}

func (s *saver) account(a *account) {
	s.fixed(a.key, 8)
	s.fixed(a.identity, 8)
	s.uint(uint64(a.part))
	for _, sum := range [...]*sum{&a.up, &a.down} {
		for _, n := range sum.part {
			s.uint(uint64(n))
		}
	}
	for _, n := range [...]uint32{
		uint32(a.before.up), uint32(a.before.down), a.unchanged, a.newest, a.begun, a.memory.run, a.memory.fresh, uint32(a.memory.qtype),
		a.subtree.prints[0], a.subtree.prints[1], a.subtree.prints[2],
		uint32(a.subtree.votes[0]), uint32(a.subtree.votes[1]), uint32(a.subtree.votes[2]), uint32(a.subtree.cast),
	} {
		s.uint(uint64(n))
	}
	asked := uint64(0)
	if a.memory.asked {
		asked = 1
	}
	s.uint(asked)
	s.fixed(a.memory.last, 8)
	saveRecent(s, &a.memory.names, 4)
	saveRecent(s, &a.memory.labels, 2)
	saveRecent(s, &a.records, 2)
}

// saveRecent writes the prints of a set, of so many bytes each.
func saveRecent[P print](s *saver, r *recent[P], size int) {
	s.uint(uint64(r.size))
	s.fixed(r.order, 8)
	for _, p := range r.prints[:r.size] {
		s.fixed(uint64(p), size)
	}
}

// timeAt is the time so many nanoseconds after 1970.
func timeAt(ns uint64) time.Time { return time.Unix(0, int64(ns)) }
