package flags

import (
	"slices"

	"github.com/notunnel/notunnel/plugin/split"
)

const (
	maxSamples = 3
	maxSample  = 60 // bytes
)

// Samples are prefixes by which people see what names below a domain look like: up to
// three different ones, the first that came. The zero value has none.
type Samples [maxSamples]string // what is longer than maxSample was cut behind the next byte

// Add keeps a prefix, in canonical form, if there is room and it is another one.
func (s *Samples) Add(prefix []byte) {
	if s[maxSamples-1] != "" || len(prefix) == 0 { // nearly always
		return
	}
	prefix = prefix[:min(len(prefix), maxSample+1)]
	for i, known := range s {
		if known == "" && !slices.Contains(s[:i], string(prefix)) {
			s[i] = string(prefix)
			return
		}
	}
}

// Names are the names below the SLD, in presentation form. A prefix of more than 60 bytes
// is cut there and ends in "…".
func (s *Samples) Names(sld string) []string {
	names := []string{}
	for _, prefix := range s {
		if prefix == "" {
			break
		}
		cut := ""
		if len(prefix) > maxSample {
			prefix, cut = prefix[:maxSample], "…"
		}
		names = append(names, split.Text([]byte(prefix))+cut+"."+split.Text([]byte(sld)))
	}
	return names
}
