package standing

import (
	"strings"
	"testing"

	"github.com/notunnel/notunnel/plugin/domain"
)

// FuzzOf takes any bytes for an SLD.
func FuzzOf(f *testing.F) {
	want, shipped := plainMap(f), Shipped()
	f.Fuzz(func(t *testing.T, name []byte) {
		if got := shipped.Of(name); got != want[string(name)] {
			t.Errorf("Of(%q) = %v, want %v", name, got, want[string(name)])
		}
	})
}

// FuzzRead takes any bytes for a file. What can be read has only SLDs on it, and
// those of its lines that are plain SLDs are popular.
func FuzzRead(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		text, err := plain(strings.NewReader(string(data)))
		if err != nil {
			return
		}
		l, err := read(text, "fuzz")
		if err != nil {
			if !strings.Contains(err.Error(), "fuzz") {
				t.Errorf("error %v does not name the file", err)
			}
			return
		}
		if popular, listed := l.Len(); popular == 0 || listed != 0 {
			t.Errorf("%d popular, %d listed", popular, listed)
		}
		for line := range strings.Lines(string(data)) {
			line = strings.TrimSuffix(line, "\n")
			canonical, err := domain.Canonical(line)
			if err == nil && canonical == line && sld(line) == line && !strings.HasSuffix(line, ".arpa") && l.Of([]byte(line)) != Popular {
				t.Errorf("%q is not popular", line)
			}
		}
	})
}
