package detect

import (
	"fmt"
	"math"
	"slices"

	"github.com/notunnel/notunnel/model/feature"
)

// maxReasons is how many reasons a verdict is given.
const maxReasons = 3

// Reasons names the features that speak most for a tunnel, strongest first:
// each is set to the benign median in turn, and what the score loses by that
// is its weight. A feature that loses nothing and lies within the benign range
// gives no reason; among equal weights the one further from the median comes
// first.
func (e *Engine) Reasons(v feature.Vector) []string {
	type reason struct {
		feature      int
		weight, away float64
	}
	score := e.probability(v)
	var found []reason
	for i, x := range v {
		usual := e.config.Models.Benign[i]
		without := v
		without[i] = usual.Median
		weight := math.Round(100 * (score - e.probability(without)))
		if weight <= 0 && x >= usual.Low && x <= usual.High {
			continue
		}
		found = append(found, reason{
			feature: i,
			weight:  weight,
			away:    math.Abs(float64(x-usual.Median)) / max(float64(usual.High-usual.Low), 1e-6),
		})
	}
	slices.SortStableFunc(found, func(a, b reason) int {
		switch {
		case a.weight > b.weight || a.weight == b.weight && a.away > b.away:
			return -1
		case a.weight == b.weight && a.away == b.away:
			return 0
		}
		return 1
	})
	reasons := []string{}
	for _, r := range found[:min(len(found), maxReasons)] {
		usual := e.config.Models.Benign[r.feature]
		reasons = append(reasons, fmt.Sprintf("%s %s (benign %s, from %s to %s)",
			feature.Names[r.feature], value(v[r.feature]), value(usual.Median), value(usual.Low), value(usual.High)))
	}
	return reasons
}

// value is a feature as people read it.
func value(x float32) string {
	if x == feature.Unanswered {
		return "no answers yet"
	}
	return fmt.Sprintf("%.3g", x)
}

// probability is the forest's answer, 0 where it has none.
func (e *Engine) probability(v feature.Vector) float64 {
	p, err := e.config.Models.Forest.Probability(v[:])
	if err != nil {
		return 0
	}
	return float64(p)
}
