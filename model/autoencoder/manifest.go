package autoencoder

import (
	"errors"
	"fmt"
)

// Manifest is the JSON that the trainer writes beside the model: what the ONNX
// file cannot say of itself.
type Manifest struct {
	Alphabet   string            `json:"alphabet"`    // characters of ids 1…
	Length     int               `json:"length"`      // positions
	Embedding  int               `json:"embedding"`   // dimensions of a position
	SuffixList string            `json:"suffix_list"` // version of the Public Suffix List that prefixes are cut by
	SHA256     string            `json:"sha256"`      // of the ONNX file
	Training   Training          `json:"training"`
	Versions   map[string]string `json:"versions"` // of the tools
}

// Training says what a model was made from and how it fared.
type Training struct {
	Data           string               `json:"data"`
	Prefixes       int                  `json:"prefixes"`
	Unseen         int                  `json:"unseen"` // prefixes of SLDs that are not in the training
	Epochs         int                  `json:"epochs"`
	Seed           int                  `json:"seed"`
	ValidationLoss float64              `json:"validation_loss"` // mean over the unseen prefixes
	LongLoss       float64              `json:"validation_loss_16_or_more"`
	Generated      map[string]Generated `json:"generated_strings"` // by encoding
}

// Generated is a sanity figure: random encoded strings of 16 to 63 characters
// against held-out prefixes of at least 16.
type Generated struct {
	Loss float64 `json:"loss"` // mean
	AUC  float64 `json:"auc"`
}

// check compares the manifest with what this package is built for.
func (m Manifest) check() error {
	switch {
	case m.Alphabet != Alphabet:
		return fmt.Errorf("manifest: alphabet %q, this build has %q", m.Alphabet, Alphabet)
	case m.Length != MaxLen:
		return fmt.Errorf("manifest: length %d, this build has %d", m.Length, MaxLen)
	case m.Embedding != dim:
		return fmt.Errorf("manifest: embedding of %d dimensions, this build has %d", m.Embedding, dim)
	case m.SuffixList == "":
		return errors.New("manifest: suffix_list is missing: which Public Suffix List were the prefixes cut by?")
	}
	return nil
}
