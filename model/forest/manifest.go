package forest

import (
	"fmt"

	"github.com/notunnel/notunnel/model/feature"
)

// Manifest is the JSON that the trainer writes beside the model: what the ONNX
// file cannot say of itself.
type Manifest struct {
	Features   []string                 `json:"features"` // in the order of the vector
	Thresholds Thresholds               `json:"thresholds"`
	Floor      Floor                    `json:"floor"`
	Benign     map[string]feature.Range `json:"benign"`      // by feature
	SuffixList string                   `json:"suffix_list"` // version of the Public Suffix List that names are cut by
	SHA256     string                   `json:"sha256"`      // of the ONNX file
	Training   Training                 `json:"training"`
	Versions   map[string]string        `json:"versions"` // of the tools
}

// Thresholds are the scores, in (0,1], from which a pair is flagged, by what is known of
// the domain.
type Thresholds struct {
	Unknown float64 `json:"unknown"`
	Listed  float64 `json:"listed"`  // by somebody who counts what is asked for
	Popular float64 `json:"popular"` // by several
}

// All are the same one for every domain.
func All(x float64) Thresholds { return Thresholds{x, x, x} }

// Check returns an error if one is no score.
func (t Thresholds) Check() error {
	for i, x := range [...]float64{t.Unknown, t.Listed, t.Popular} {
		if !(x > 0 && x <= 1) {
			return fmt.Errorf("threshold %v of %s domains is not in (0,1]", x, [...]string{"unknown", "listed", "popular"}[i])
		}
	}
	return nil
}

// Least is the lowest.
func (t Thresholds) Least() float64 { return min(t.Unknown, t.Listed, t.Popular) }

// Floor is the evidence below which nothing is blocked.
type Floor struct {
	SLDs        int `json:"slds,omitempty"` // of a joint window
	Events      int `json:"events"`         // of the window
	Information int `json:"information"`    // that the pair's queries of a day carried, bytes by the meter
}

// Training says what a model was made from and how it fared.
type Training struct {
	Data     string         `json:"data"`
	Rows     int            `json:"rows"`
	Composed float64        `json:"composed"` // share of rows that were put together, not recorded
	Trees    int            `json:"trees"`
	Seed     int            `json:"seed"`
	HeldOut  map[string]int `json:"held_out"` // sessions and flagged ones, by class
}
