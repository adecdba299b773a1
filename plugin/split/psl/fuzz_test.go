package psl

import (
	"bytes"
	"testing"

	"github.com/notunnel/notunnel/plugin/split/psl/psltest"
)

const maxName = 253

// FuzzOf takes any bytes for a name, less empty labels and what is beyond the
// longest name.
func FuzzOf(f *testing.F) {
	ref := psltest.NewReference(psltest.Rules(f))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var labels [][]byte
		for label := range bytes.SplitSeq(raw[:min(len(raw), maxName)], []byte(".")) {
			if len(label) > 0 {
				labels = append(labels, label)
			}
		}
		if len(labels) > 0 {
			compare(t, ref, string(bytes.Join(labels, []byte("."))))
		}
	})
}
