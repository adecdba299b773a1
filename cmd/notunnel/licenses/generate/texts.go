package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/go-licenses/v2/licenses"
)

// isText reports whether a candidate is a licence or a notice. go-licenses also
// offers README files, which are no licence to rely on.
func isText(path string) bool {
	base := strings.ToUpper(filepath.Base(path))
	return !strings.HasPrefix(base, "README") && filepath.Ext(base) != ".GO"
}

// furtherName is what other texts are called that belong to a licence. go-licenses
// does not look for them; they add notices, and no licence to the module's own.
var furtherName = regexp.MustCompile(`(?i)^(COPYRIGHT|PATENTS|THIRD[-_ ]?PARTY)`)

// furtherTexts lists those in the folder dir and in all above it, up to root.
func furtherTexts(dir, root string) (found []string, err error) {
	for ; ; dir = filepath.Dir(dir) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			path := filepath.Join(dir, e.Name())
			switch {
			case !furtherName.MatchString(e.Name()) || !isText(path):
			case !e.IsDir():
				found = append(found, path)
			default:
				below, err := filepath.Glob(filepath.Join(path, "*"))
				if err != nil {
					return nil, err
				}
				found = append(found, below...)
			}
		}
		if dir == root || len(dir) < len(root) {
			return found, nil
		}
	}
}

// identify names the licences in a file. One that would bind the program as a
// whole, or forbid its use, is an error.
func identify(classifier licenses.Classifier, path string) (names []string, err error) {
	found, err := classifier.Identify(path)
	if err != nil {
		return nil, err
	}
	for _, l := range found {
		switch l.Type {
		case licenses.Reciprocal, licenses.Notice, licenses.Permissive, licenses.Unencumbered:
			names = append(names, l.Name)
		default:
			return nil, fmt.Errorf("%s: %s (%s) cannot be shipped under Apache-2.0: take another module", path, l.Name, l.Type)
		}
	}
	return names, nil
}

// and adds names to an SPDX expression, each once, in order.
func and(expression string, names []string) string {
	const and = " AND "
	all := names
	if expression != "" {
		all = append(strings.Split(expression, and), names...)
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), and)
}

// text reads a file into Texts and returns its key. Line ends and blank space
// around lines' ends are not part of a licence: without them more files have the
// same text.
func (c *collection) text(path string) (string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t\r")
	}
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	key := hex.EncodeToString(sum[:6])
	c.Texts[key] = lines
	return key, nil
}
