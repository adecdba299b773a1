package surprisal

import (
	"errors"
	"fmt"
)

// The layout that Decode reads, and the order of the model in it.
const (
	layout = 1
	order  = before + 1
)

// Manifest is the JSON that the trainer writes beside the model: what the table
// cannot say of itself.
type Manifest struct {
	Alphabet   string            `json:"alphabet"`    // characters of symbols 0…
	Order      int               `json:"order"`       // of the n-grams: characters of a context and one
	Layout     int               `json:"layout"`      // of the table
	Rows       int               `json:"rows"`        // of costs
	Unit       int               `json:"unit"`        // of a cost, in a bit
	SuffixList string            `json:"suffix_list"` // version of the Public Suffix List that prefixes are cut by
	SHA256     string            `json:"sha256"`      // of the table
	Training   Training          `json:"training"`
	Versions   map[string]string `json:"versions"` // of the tools
}

// Training says what a model was made from and how it fared.
type Training struct {
	Data         string          `json:"data"`
	Prefixes     int             `json:"prefixes"`
	Labels       int             `json:"labels"` // each distinct one of a prefix counts once
	Unseen       int             `json:"unseen"` // prefixes of SLDs that are not in the training
	UnseenLabels int             `json:"unseen_labels"`
	Rounds       int             `json:"rounds"`   // in which contexts came to share rows
	HeldOut      map[string]Bits `json:"held_out"` // of this model, of a 3-gram and of a full 4-gram
}

// Bits is the mean cost of the unseen labels, their ends included.
type Bits struct {
	PerCharacter float64 `json:"bits_per_character"`
	PerLabel     float64 `json:"bits_per_label"`
}

// check compares the manifest with what this package is built for.
func (m Manifest) check() error {
	switch {
	case m.Alphabet != Alphabet:
		return fmt.Errorf("manifest: alphabet %q, this build has %q", m.Alphabet, Alphabet)
	case m.Order != order:
		return fmt.Errorf("manifest: order %d, this build has %d", m.Order, order)
	case m.Layout != layout:
		return fmt.Errorf("manifest: layout %d, this build reads %d", m.Layout, layout)
	case m.Unit != Unit:
		return fmt.Errorf("manifest: unit of 1/%d bit, this build has 1/%d", m.Unit, Unit)
	case m.Rows < 1 || m.Rows > maxRows:
		return fmt.Errorf("manifest: %d rows, 1 to %d wanted", m.Rows, maxRows)
	case m.SuffixList == "":
		return errors.New("manifest: suffix_list is missing: which Public Suffix List were the prefixes cut by?")
	}
	return nil
}
