package meter

import (
	"math"
	"time"
)

// A sum is kept in seven parts of four hours, the running one and six before, so
// that a limit on it holds for any 24 hours.
const (
	parts    = 7
	partTime = 4 * time.Hour
)

// partOf numbers the part that the time falls in.
func partOf(at time.Time) uint32 { return uint32(at.Unix() / int64(partTime/time.Second)) }

// timeOf is when a part begins.
func timeOf(part uint32) time.Time { return time.Unix(int64(part)*int64(partTime/time.Second), 0) }

// sum is an amount. What the parts before the running one have of it is kept elsewhere, if
// they have something. It stays at the most it can be.
type sum struct{ total, now Bits }

// older are the amounts of the parts before, the last one first.
type older [parts - 1]Bits

// add adds to the running part.
func (s *sum) add(n Bits) {
	n = min(n, math.MaxUint32-s.total)
	s.now += n
	s.total += n
}

// age makes room for so many new parts.
func (s *sum) age(by uint32, o *older) {
	if by >= parts {
		*s, *o = sum{}, older{}
		return
	}
	for range by {
		s.total -= o[len(o)-1]
		copy(o[1:], o[:])
		o[0], s.now = s.now, 0
	}
}

// with is the total of a sum and of what the parts before have.
func (s *sum) with(o *older) (total Bits) {
	total = s.now
	for _, n := range o {
		total = plus(total, n)
	}
	return total
}
