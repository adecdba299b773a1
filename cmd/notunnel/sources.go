package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// source says what a log is, for training.
type source struct {
	pattern string // of the file's base name, as path/filepath.Match has it
	label   string // "1" for a tunnel, "0" for benign traffic, "*" for what the log's source column says
	tool    string // or benign family; "*": what the log's source column says
	origin  string // who recorded it
	slds    map[string]bool
}

// sourceColumns are pattern, label, tool, origin, SLDs.
const sourceColumns = 5

// readSources reads the table of sources. Errors name file and line.
func readSources(path string) ([]source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var found []source
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		text := lines.Text()
		if text == "" || text[0] == '#' {
			continue
		}
		c := strings.Split(text, "\t")
		if len(c) != sourceColumns {
			return nil, fmt.Errorf("%s:%d: %d columns, %d wanted, tab separated", path, n, len(c), sourceColumns)
		}
		if c[1] != "0" && c[1] != "1" && c[1] != "*" {
			return nil, fmt.Errorf("%s:%d: label %q is neither 0 (benign), 1 (tunnel) nor * (by the source column)", path, n, c[1])
		}
		if _, err := filepath.Match(c[0], ""); err != nil {
			return nil, fmt.Errorf("%s:%d: pattern %q: %w", path, n, c[0], err)
		}
		s := source{pattern: c[0], label: c[1], tool: c[2], origin: c[3]}
		if c[4] != "*" {
			s.slds = map[string]bool{}
			for _, sld := range strings.Split(c[4], ",") {
				s.slds[sld] = true
			}
		}
		found = append(found, s)
	}
	return found, lines.Err()
}

// sourceOf finds what a file is by its base name.
func sourceOf(sources []source, file string) (source, error) {
	base := filepath.Base(file)
	for _, s := range sources {
		if ok, _ := filepath.Match(s.pattern, base); ok {
			return s, nil
		}
	}
	return source{}, fmt.Errorf("%s: no pattern in the table of sources matches it: add a line that says what it is", file)
}

// kind is what a row of a log is.
type kind struct {
	tunnel   bool
	tool     string // or benign family
	composed bool
}

// of returns what a row of the log is, or false if the SLD is a stray one. A source
// column that begins with "tunnel-" or "format-", behind "composed-", tells of a
// tunnel.
func (s *source) of(sld, column string) (k kind, ok bool) {
	if s.slds != nil && !s.slds[sld] {
		return kind{}, false
	}
	column, composed := strings.CutPrefix(column, "composed-")
	k = kind{tunnel: s.label == "1", tool: s.tool, composed: composed}
	if s.tool == "*" {
		k.tool = column
	}
	if s.label == "*" {
		k.tunnel = strings.HasPrefix(column, "tunnel-") || strings.HasPrefix(column, "format-")
	}
	return k, true
}
