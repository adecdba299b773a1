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

// sum is an amount by part, the running one first. It stays at the most it can be.
type sum struct {
	total Bits
	part  [parts]Bits
}

// add adds to the running part.
func (s *sum) add(n Bits) {
	n = min(n, math.MaxUint32-s.total)
	s.part[0] += n
	s.total += n
}

// age makes room for so many new parts.
func (s *sum) age(by uint32) {
	if by >= parts {
		*s = sum{}
		return
	}
	for range by {
		s.total -= s.part[parts-1]
		copy(s.part[1:], s.part[:])
		s.part[0] = 0
	}
}
