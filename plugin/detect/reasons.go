package detect

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/model/forest"
	"github.com/notunnel/notunnel/plugin/flags"
)

// Of a score, up to maxReasons features are named, those that move it most, and none that
// moves it less than leastWeight.
const (
	maxReasons  = 3
	leastWeight = 0.005
)

// Reasons says what a score rests on: the features that moved it most, strongest first,
// and what the others did together. Their weights add up to the score less what a window
// of which nothing is known would have (forest.Explain).
func (e *Engine) Reasons(v feature.Vector) []flags.Reason {
	m := e.config.Models
	return explain(m.Forest, feature.Names[:], m.Benign[:], v[:])
}

// jointReasons is Reasons for a client over several domains.
func (e *Engine) jointReasons(v feature.JointVector) []flags.Reason {
	j := &e.config.Models.Joint
	return explain(j.Forest, feature.JointNames[:], j.Benign[:], v[:])
}

func explain(f *forest.Forest, names []string, benign []feature.Range, v []float32) []flags.Reason {
	weights := make([]float64, len(v))
	if f == nil {
		return []flags.Reason{}
	}
	base, err := f.Explain(v, weights)
	if err != nil {
		return []flags.Reason{}
	}
	order, rest := make([]int, 0, len(v)), 0.
	for i, w := range weights {
		order, rest = append(order, i), rest+w
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(math.Abs(weights[b]), math.Abs(weights[a])) })
	reasons := []flags.Reason{}
	for _, i := range order[:min(len(order), maxReasons)] {
		if math.Abs(weights[i]) < leastWeight {
			break
		}
		name, usual := names[i], benign[i]
		rest -= weights[i]
		reasons = append(reasons, flags.Reason{
			Text: fmt.Sprintf("%s %s (benign %s, from %s to %s): %+.2f", feature.Words(name), feature.Shown(name, v[i]),
				feature.Shown(name, usual.Median), feature.Shown(name, usual.Low), feature.Shown(name, usual.High), weights[i]),
			Weight: weights[i], Feature: name, Value: float64(v[i]), Benign: usual,
		})
	}
	return append(reasons, flags.Reason{
		Text: fmt.Sprintf("all else %+.2f, from %.2f on", rest, base), Weight: rest,
	})
}
