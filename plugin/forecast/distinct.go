package forecast

import (
	"math"
	"math/bits"
)

// distinct counts how many different things there were, by their hashes. A few hundred
// are counted to some per cent, up to MostCounted roughly (linear counting: Whang et al.,
// "A linear-time probabilistic counting algorithm", 1990). The zero value has none.
type distinct [distinctBits / 64]uint64

const distinctBits = 1024

// MostCounted is how many different domains, clients or names are told apart. It stands
// for more as well.
const MostCounted = 5000

func (d *distinct) add(hash uint64) {
	at := hash % distinctBits
	d[at/64] |= 1 << (at % 64)
}

// count is how many there were, MostCounted if it could be more.
func (d *distinct) count() int {
	set := 0
	for _, word := range d {
		set += bits.OnesCount64(word)
	}
	if set == distinctBits {
		return MostCounted
	}
	return min(int(math.Round(-distinctBits*math.Log1p(-float64(set)/distinctBits))), MostCounted)
}
