package forest

import (
	"math"

	"github.com/notunnel/notunnel/model/onnxgraph"
)

// regression is a logistic regression: it goes on in a straight line where the
// trees, which have cuts only where they saw data, no longer tell one value from
// the next.
type regression struct {
	weights   []float64 // one a feature
	intercept float64
}

// readRegression reads a LinearClassifier of two classes over that many
// features, whose first class has the weights of the second with the sign
// changed, so that both shares add up to one.
func readRegression(n *onnxgraph.Node, features int) (regression, error) {
	var r regression
	var weights, intercepts []float32
	var labels []int64
	var post string
	for name, dst := range map[string]any{
		"coefficients": &weights, "intercepts": &intercepts, "classlabels_ints": &labels, "post_transform": &post,
	} {
		if err := read(n, name, dst); err != nil {
			return r, err
		}
	}
	if post != "LOGISTIC" {
		return r, n.Errorf("post_transform is %s, LOGISTIC wanted", post)
	}
	if len(labels) != 2 || labels[0] != 0 || labels[1] != 1 {
		return r, n.Errorf("classlabels_ints is %v, [0 1] wanted", labels)
	}
	if len(weights) != 2*features || len(intercepts) != 2 {
		return r, n.Errorf("%d coefficients and %d intercepts, %d and 2 wanted", len(weights), len(intercepts), 2*features)
	}
	for i, w := range append(weights, intercepts...) {
		if w-w != 0 {
			return r, n.Errorf("weight %d is %v", i, w)
		}
	}
	for i, w := range weights[features:] {
		if w != -weights[i] {
			return r, n.Errorf("the classes' weights of feature %d are %v and %v, not each other's negative", i, weights[i], w)
		}
		r.weights = append(r.weights, float64(w))
	}
	if intercepts[0] != -intercepts[1] {
		return r, n.Errorf("intercepts %v are not each other's negative", intercepts)
	}
	r.intercept = float64(intercepts[1])
	return r, nil
}

// probability is that of the second class, for a finite vector as long as the
// weights.
func (r *regression) probability(x []float32) float64 {
	sum := r.intercept
	for i, w := range r.weights {
		sum += w * float64(x[i])
	}
	return 1 / (1 + math.Exp(-sum))
}
