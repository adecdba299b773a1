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
	return reasons(m.Forest, feature.Names[:], m.Benign[:], v[:])
}

// jointReasons is Reasons for a client over several domains.
func (e *Engine) jointReasons(v feature.JointVector) []flags.Reason {
	j := &e.config.Models.Joint
	return reasons(j.Forest, feature.JointNames[:], j.Benign[:], v[:])
}

func reasons(f *forest.Forest, names []string, benign []feature.Range, v []float32) []flags.Reason {
	all, base := weights(f, v)
	shown := []flags.Reason{}
	if all == nil {
		return shown
	}
	rest := 0.
	for i, w := range all {
		if i < maxReasons && math.Abs(w.weight) >= leastWeight {
			shown = append(shown, reason(names, benign, v, w))
		} else {
			rest += w.weight
		}
	}
	return append(shown, flags.Reason{
		Text: fmt.Sprintf("all else %+.2f, from %.2f on", rest, base), Weight: rest,
	})
}

// Weights is what each feature of a window adds to its score, strongest first. They and
// base, what a window of which nothing is known would have, add up to it. They are nil
// where there is no score.
func (e *Engine) Weights(v feature.Vector) (each []flags.Reason, base float64) {
	m := e.config.Models
	all, base := weights(m.Forest, v[:])
	for _, w := range all {
		each = append(each, reason(feature.Names[:], m.Benign[:], v[:], w))
	}
	return each, base
}

// weight is what a feature adds to a score.
type weight struct {
	feature int
	weight  float64
}

// weights are those of all features, strongest first, nil without a score.
func weights(f *forest.Forest, v []float32) (all []weight, base float64) {
	parts := make([]float64, len(v))
	if f == nil {
		return nil, 0
	}
	base, err := f.Explain(v, parts)
	if err != nil {
		return nil, 0
	}
	for i, part := range parts {
		all = append(all, weight{feature: i, weight: part})
	}
	slices.SortStableFunc(all, func(a, b weight) int { return cmp.Compare(math.Abs(b.weight), math.Abs(a.weight)) })
	return all, base
}

// reason says in words what a feature adds.
func reason(names []string, benign []feature.Range, v []float32, w weight) flags.Reason {
	name, usual := names[w.feature], benign[w.feature]
	return flags.Reason{
		Text: fmt.Sprintf("%s %s (benign %s, from %s to %s): %+.2f", feature.Words(name), feature.Shown(name, v[w.feature]),
			feature.Shown(name, usual.Median), feature.Shown(name, usual.Low), feature.Shown(name, usual.High), w.weight),
		Weight: w.weight, Feature: name, Value: float64(v[w.feature]), Benign: usual,
	}
}
