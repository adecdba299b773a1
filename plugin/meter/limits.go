package meter

import (
	"errors"
	"fmt"

	"github.com/dustin/go-humanize"
)

// Limits are what may pass in any 24 hours; 0 is no limit.
type Limits struct {
	Up     Bits // from one client to the servers of one domain
	Down   Bits // from those to the client
	Client Bits // from one client to the servers of all unknown domains, beyond Free for each
}

// mostLimit is the largest that can be said. Sixteen times as much, and a query more,
// can still be counted.
const mostLimit = 1 << 20

// MostUp is how many times Down Up can be, as it is by default. More is a mistake: what
// can be brought in should not be dearer than what can be carried out.
const MostUp = 4

var errForm = errors.New("UP DOWN [CLIENT] are wanted, sizes from 1B to 1MiB such as 256KiB, or off")

// ParseLimits reads limits as budget takes them: two or three sizes, or off.
func ParseLimits(args []string) (l Limits, err error) {
	if len(args) == 1 && args[0] == "off" {
		return Limits{}, nil
	}
	if len(args) < 2 || len(args) > 3 {
		return l, errForm
	}
	for i, to := range []*Bits{&l.Up, &l.Down, &l.Client}[:len(args)] {
		n, err := humanize.ParseBytes(args[i])
		if err != nil || n == 0 || n > mostLimit {
			return Limits{}, fmt.Errorf("%q: %w", args[i], errForm)
		}
		*to = FromBytes(n)
	}
	if uint64(l.Up) > MostUp*uint64(l.Down) {
		return Limits{}, fmt.Errorf("UP %s is more than %d times DOWN %s, are they swapped? %w", args[0], MostUp, args[1], errForm)
	}
	return l, nil
}

// Times is a limit for what has a multiple of it, 0 if there is none.
func (b Bits) Times(factor uint8) Bits { return times(b, factor) }
