package forecast

import (
	"fmt"
	"math"

	"github.com/notunnel/notunnel/model"
	"github.com/notunnel/notunnel/plugin/flags"
)

// tally is what flags of the models there were, and what people said of them.
type tally struct {
	flags    int
	mistakes int // marked false
	tunnels  int // marked true
	judged   int // pairs with enough to be judged, -1 if that is not known
}

// confidence is the quantile of a normal distribution beyond which 2.5 % lie.
const confidence = 1.96

// wilson is the range that a share lies in with a confidence of 95 %.
func wilson(n, of int) (low, high float64) {
	if of == 0 {
		return 0, 1
	}
	p, m := float64(n)/float64(of), float64(of)
	z2 := confidence * confidence / m
	mid, half := p+z2/2, confidence*math.Sqrt(p*(1-p)/m+z2/(4*m))
	return max((mid-half)/(1+z2), 0), min((mid+half)/(1+z2), 1)
}

// atMost is the largest mean, at a confidence of 97.5 %, of what came so many times (Poisson,
// by the approximation of Wilson and Hilferty, 1931).
func atMost(n int) float64 {
	m := float64(n + 1)
	return m * math.Pow(1-1/(9*m)+confidence/(3*math.Sqrt(m)), 3)
}

// shortest is the least time that rates are told by, days.
const shortest = 1

// weekly says how many false blocks by the models there may be a week, and how that is
// worked out. Marks are worth more than rates measured elsewhere; what was seen here
// bounds both.
func (t tally) weekly(days float64, held model.HeldOut) FalseRange {
	week, span := 7/max(days, shortest), fmt.Sprintf("%.1f days", days)
	if days < shortest {
		span = "less than a day, taken as one"
	}
	open := t.flags - t.tunnels // false, for all that is known
	marked := t.mistakes + t.tunnels
	if marked > 0 {
		low, high := wilson(t.mistakes, marked)
		return FalseRange{
			Low:  max(low*float64(t.flags), float64(t.mistakes)) * week,
			High: min(high*atMost(t.flags), atMost(open)) * week,
			How: fmt.Sprintf("of %s by the models in %s people marked %d false and %d true: %.0f to %.0f %% of all may be false (95 %%)",
				plural(t.flags, "flag"), span, t.mistakes, t.tunnels, 100*low, 100*high),
		}
	}
	r := FalseRange{
		High: atMost(open) * week,
		How:  fmt.Sprintf("the models flagged %s in %s, of which nobody marked any: from none to all of them can be false (95 %%; mark them true or false to narrow it)", plural(t.flags, "pair"), span),
	}
	if t.judged < 0 || held.Benign == 0 {
		return r
	}
	low, high := wilson(held.Flagged, held.Benign)
	expected := high * float64(t.judged) * week
	r.How += fmt.Sprintf("; in training they flagged %d of %d benign pairs held out, many of them chosen because they look like tunnels (%.2f to %.2f %%): of the %d pairs here with six queries or more that would be %.1f to %.1f a week",
		held.Flagged, held.Benign, 100*low, 100*high, t.judged, low*float64(t.judged)*week, expected)
	r.High = min(r.High, max(expected, float64(open)*week))
	return r
}

// count counts flags of the models and their marks.
func (t *tally) count(mark *flags.Mark) {
	t.flags++
	if mark == nil {
		return
	}
	switch mark.Opinion {
	case flags.False:
		t.mistakes++
	case flags.True:
		t.tunnels++
	}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
