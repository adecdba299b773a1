package flags

import (
	"encoding/json"
	"strings"

	"github.com/notunnel/notunnel/model/feature"
)

// Reason is a piece of evidence, in the same words wherever it is shown. Its text has no
// line breaks.
type Reason struct {
	Text    string
	Weight  float64       // what it adds to the score, or takes from it; 0 of what was no part of one
	Feature string        // of a window; "" if it is about no single one
	Value   float64       // of the feature
	Benign  feature.Range // where it lies in benign windows
}

// reason is a Reason in JSON.
type reason struct {
	Text    string         `json:"text"`
	Feature string         `json:"feature,omitempty"`
	Value   *float64       `json:"value,omitempty"`
	Weight  float64        `json:"weight,omitempty"`
	Benign  *feature.Range `json:"benign,omitempty"`
}

// MarshalJSON implements json.Marshaler: value and benign range only of a feature.
func (r Reason) MarshalJSON() ([]byte, error) {
	shown := reason{Text: r.Text, Feature: r.Feature, Weight: r.Weight}
	if r.Feature != "" {
		shown.Value, shown.Benign = &r.Value, &r.Benign
	}
	return json.Marshal(shown)
}

// UnmarshalJSON implements json.Unmarshaler.
func (r *Reason) UnmarshalJSON(text []byte) error {
	var shown reason
	if err := json.Unmarshal(text, &shown); err != nil {
		return err
	}
	*r = Reason{Text: shown.Text, Weight: shown.Weight, Feature: shown.Feature}
	if shown.Value != nil {
		r.Value = *shown.Value
	}
	if shown.Benign != nil {
		r.Benign = *shown.Benign
	}
	return nil
}

// Line is their texts in one line.
func Line(reasons []Reason) string { return strings.Join(Texts(reasons), "; ") }

// Texts are those of reasons.
func Texts(reasons []Reason) []string {
	texts := make([]string, 0, len(reasons))
	for _, r := range reasons {
		texts = append(texts, r.Text)
	}
	return texts
}
