package meter

import (
	"bytes"

	"github.com/notunnel/notunnel/plugin/keyhash"
)

// subtree is where most of the information of a pair went: for each of the labels
// nearest to the domain the one that has the majority of it below those before, if one
// has (Boyer and Moore's vote, with bits for votes).
type subtree struct {
	prints [depth]uint32
	votes  [depth]Bits
	cast   Bits // all votes
}

// depth is how many labels a subtree has at most.
const depth = 3

// vote counts what a prefix costs.
func (t *subtree) vote(prefix []byte, price Bits, key *keyhash.Key) {
	t.cast = plus(t.cast, price)
	for d := 0; d < depth && len(prefix) > 0; d++ {
		start := bytes.LastIndexByte(prefix, '.') + 1
		print := printOf[uint32](key.Sum(prefix[start:]))
		if print != t.prints[d] {
			if t.votes[d] >= price {
				t.votes[d] -= price
				return
			}
			t.prints[d], t.votes[d] = print, price-t.votes[d]
			clear(t.votes[d+1:])
			return
		}
		t.votes[d] = plus(t.votes[d], price)
		prefix = prefix[:max(start-1, 0)]
	}
}

// labels is how many labels of the prefix, from the domain outwards, have had three
// quarters of all votes, and so a lead of half of them.
func (t *subtree) labels(prefix []byte, key *keyhash.Key) (n int) {
	for n < depth && len(prefix) > 0 {
		start := bytes.LastIndexByte(prefix, '.') + 1
		if t.prints[n] != printOf[uint32](key.Sum(prefix[start:])) || t.votes[n] < t.cast/2 {
			break
		}
		prefix = prefix[:max(start-1, 0)]
		n++
	}
	return n
}

// Subtree is how many labels of the prefix, from the domain outwards, nearly all
// information of the account went below; 0 if it went to many.
func (m *Meter) Subtree(a *Account, rests *Rests, prefix []byte) int {
	if a.rest == 0 {
		return 0
	}
	return rests.of(a).subtree.labels(prefix, &m.config.Key)
}
