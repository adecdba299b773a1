package detect

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/plugin/flags"
)

// Whatever a window holds, the reasons name features in words, strongest first, and
// account for all of the score.
func TestReasonsAccountForTheScore(t *testing.T) {
	e, r := engine(t, nil), rand.New(rand.NewPCG(5, 5))
	m := e.config.Models
	check := func(reasons []flags.Reason, names []string, p float32, base float64) {
		t.Helper()
		sum := base
		for i, reason := range reasons {
			sum += reason.Weight
			last := i == len(reasons)-1
			if last != (reason.Feature == "") || !last && !slices.Contains(names, reason.Feature) {
				t.Fatalf("reason %d is of the feature %q", i, reason.Feature)
			}
			if !last && (!strings.HasPrefix(reason.Text, feature.Words(reason.Feature)) || feature.Words(reason.Feature) == reason.Feature) {
				t.Fatalf("%q does not say what %s is", reason.Text, reason.Feature)
			}
			if i > 0 && !last && math.Abs(reason.Weight) > math.Abs(reasons[i-1].Weight) {
				t.Fatal("a stronger reason comes later")
			}
		}
		if len(reasons) < 1 || len(reasons) > maxReasons+1 || math.Abs(sum-float64(p)) > 1e-5 {
			t.Fatalf("%d reasons account for %v of a score of %v", len(reasons), sum, p)
		}
	}
	for range 300 {
		var v feature.Vector
		for i, usual := range m.Benign {
			v[i] = usual.Low + 2*r.Float32()*(usual.High-usual.Low)
		}
		p, _ := m.Forest.Probability(v[:])
		base, _ := m.Forest.Explain(v[:], make([]float64, len(v)))
		check(e.Reasons(v), feature.Names[:], p, base)
		each, from := e.Weights(v)
		sum := from
		for i, w := range each {
			sum += w.Weight
			if i > 0 && math.Abs(w.Weight) > math.Abs(each[i-1].Weight) {
				t.Fatal("a stronger feature comes later")
			}
		}
		if len(each) != feature.Count || from != base || math.Abs(sum-float64(p)) > 1e-5 {
			t.Fatalf("%d features account for %v of a score of %v", len(each), sum, p)
		}
		var j feature.JointVector
		for i, usual := range m.Joint.Benign {
			j[i] = usual.Low + 2*r.Float32()*(usual.High-usual.Low)
		}
		p, _ = m.Joint.Forest.Probability(j[:])
		base, _ = m.Joint.Forest.Explain(j[:], make([]float64, len(j)))
		check(e.jointReasons(j), feature.JointNames[:], p, base)
	}
}

// A vector that has no score has no reasons.
func TestNoScoreHasNoReasons(t *testing.T) {
	e := engine(t, nil)
	var v feature.Vector
	v[3] = float32(math.NaN())
	if reasons := e.Reasons(v); reasons == nil || len(reasons) != 0 {
		t.Errorf("%v, want an empty list", reasons)
	}
	if each, _ := e.Weights(v); each != nil {
		t.Errorf("%v, want none", each)
	}
}
