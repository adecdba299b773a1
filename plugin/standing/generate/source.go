package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/notunnel/notunnel/plugin/domain"
)

// sourced is a domain of the source, and how many lists name it.
type sourced struct {
	name  string
	lists int
}

// origins are the letters of the lists.
const origins = "UTMZ"

// readSource reads a file of domains, each with the letters of its lists.
func readSource(path string) (all []sourced, err error) {
	last := ""
	err = readFile(path, func(line, _ string) error {
		name, lists, _ := strings.Cut(line, "\t")
		if canonical, err := domain.Canonical(name); err != nil || canonical != name {
			return fmt.Errorf("%q is not a domain as queries carry it", name)
		}
		if name <= last {
			return fmt.Errorf("%s stands after %s: sort the file by bytes (LC_ALL=C sort -u)", name, last)
		}
		for i, letter := range lists {
			if !strings.ContainsRune(origins, letter) || strings.ContainsRune(lists[:i], letter) {
				return fmt.Errorf("%q are not some of the letters %s, each once", lists, origins)
			}
		}
		if lists == "" {
			return fmt.Errorf("%s has no letters: after a tab, name its lists by some of %s", name, origins)
		}
		last = name
		all = append(all, sourced{name: name, lists: len(lists)})
		return nil
	})
	return all, err
}

// never has the domains that get no standing, each with the kind of its reason.
type never map[string]string

// kinds of reasons, which stand in the file before a colon.
var kinds = []string{"address in name", "query log", "dynamic DNS", "delegates", "registry", "throw-away"}

func readNever(path string) (never, error) {
	all := never{}
	err := readFile(path, func(line, reason string) error {
		kind, why, _ := strings.Cut(reason, ": ")
		for _, k := range kinds {
			if kind != k || why == "" {
				continue
			}
			name, err := domain.Canonical(line)
			if err != nil {
				return err
			}
			if all[name] != "" {
				return fmt.Errorf("%s stands there twice", name)
			}
			all[name] = kind
			return nil
		}
		return fmt.Errorf("%s needs a reason, as in \"# kind: reason\" with a kind of %q", line, kinds)
	})
	return all, err
}

// reason is the kind of reason that a domain, or one that it is below, is on the
// list for.
func (n never) reason(name string) string {
	for more := true; more; _, name, more = strings.Cut(name, ".") {
		if kind := n[name]; kind != "" {
			return kind
		}
	}
	return ""
}

func readFile(path string, each func(text, comment string) error) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return domain.ReadLines(f, path, each)
}
