package detect

import (
	"slices"
	"strings"
	"testing"

	"github.com/notunnel/notunnel/model/feature"
)

// usual is a window like benign ones in every feature, and an engine to which
// entropies of answers range from 0 to 4.
func usual(t *testing.T) (*Engine, feature.Vector) {
	t.Helper()
	e := engine(t, func(c *Config) {
		models := *c.Models
		models.Benign[answers] = feature.Range{Low: 0, Median: 3, High: 4}
		c.Models = &models
	})
	var v feature.Vector
	for i, r := range e.config.Models.Benign {
		v[i] = r.Median
	}
	return e, v
}

var answers = slices.Index(feature.Names[:], "answer_entropy_cum")

func TestUsualWindowGivesNoReason(t *testing.T) {
	e, v := usual(t)
	if reasons := e.Reasons(v); reasons == nil || len(reasons) != 0 {
		t.Errorf("%q, want an empty list", reasons)
	}
}

func TestReasonNamesWhatIsUnusual(t *testing.T) {
	e, v := usual(t)
	for x, want := range map[float32]string{
		4.5:                "answer_entropy_cum 4.5 (benign 3, from 0 to 4)",
		feature.Unanswered: "answer_entropy_cum no answers yet (benign 3, from 0 to 4)",
	} {
		v[answers] = x
		if reasons := e.Reasons(v); len(reasons) != 1 || reasons[0] != want {
			t.Errorf("%q, want %q", reasons, want)
		}
	}
}

func TestReasonsAreFew(t *testing.T) {
	e, v := usual(t)
	for i, r := range e.config.Models.Benign {
		v[i] = r.High + 1
	}
	reasons := e.Reasons(v)
	if len(reasons) != maxReasons {
		t.Errorf("%d reasons, want %d", len(reasons), maxReasons)
	}
	for _, r := range reasons {
		name, _, _ := strings.Cut(r, " ")
		if !slices.Contains(feature.Names[:], name) {
			t.Errorf("%q names no feature", r)
		}
	}
}
