package test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var link = regexp.MustCompile(`\]\(([^)#\s]+)(#[^)\s]*)?\)`)

// A reader who follows a link within the repository arrives somewhere.
func TestLinksLeadSomewhere(t *testing.T) {
	pages := []string{"README.md", "plugin/README.md", "model/data/MODEL_CARD.md", "model/data/EVALUATION.md", "test/BENCHMARKS.md", "test/bench/TABLES.md", "test/samples/README.md"}
	found := 0
	for _, page := range pages {
		text, err := os.ReadFile(filepath.Join("..", page))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			found++
			if _, err := os.Stat(filepath.Join("..", filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
	if found == 0 {
		t.Error("no link found")
	}
}
