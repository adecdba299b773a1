package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-licenses/v2/licenses"
)

// collection is what the programs carry; encoded, it is licenses.json.
type collection struct {
	Modules []*module           `json:"modules"` // by path
	Texts   map[string][]string `json:"texts"`   // lines, by the hash that a file names
}

type module struct {
	Path    string `json:"path"`
	Version string `json:"version,omitempty"` // none: the standard library
	License string `json:"license"`           // SPDX expression
	Files   []file `json:"files"`             // by name
}

type file struct {
	Name string `json:"name"` // from the module's root, with slashes
	Text string `json:"text"` // key of Texts
}

// The standard library has the same text as the Go project's other modules. It
// is taken from one of those: their versions are pinned, while the toolchain
// differs from machine to machine, and not every one comes with its licence.
const (
	standardLibrary = "std"
	goProjectModule = "golang.org/x/net"
)

// linked is a package as "go list -json" tells of it.
type linked struct {
	ImportPath, Dir string
	Module          *struct {
		Path, Version, Dir string
		Main               bool
		Replace            *struct{ Path, Version string }
	}
}

// collect finds what is linked into the programs of the repository at root.
func collect(root string) (*collection, error) {
	packages, err := linkedPackages(root)
	if err != nil {
		return nil, err
	}
	classifier, err := licenses.NewClassifier()
	if err != nil {
		return nil, err
	}
	c := &collection{Texts: map[string][]string{}}
	byPath := map[string]*module{}
	for _, p := range packages {
		if p.Module == nil || p.Module.Main {
			continue
		}
		if p.Module.Replace != nil {
			return nil, fmt.Errorf("%s is replaced in go.mod: say in collect.go what to list in its place", p.Module.Path)
		}
		m := byPath[p.Module.Path]
		if m == nil {
			m = &module{Path: p.Module.Path, Version: p.Module.Version}
			byPath[m.Path] = m
			c.Modules = append(c.Modules, m)
		}
		if err := c.add(m, p, classifier); err != nil {
			return nil, fmt.Errorf("%s: %w", p.ImportPath, err)
		}
	}
	goProject := byPath[goProjectModule]
	if goProject == nil {
		return nil, fmt.Errorf("%s is no longer linked: name another module of the Go project in collect.go", goProjectModule)
	}
	c.Modules = append(c.Modules, &module{Path: standardLibrary, License: goProject.License, Files: goProject.Files})
	slices.SortFunc(c.Modules, func(a, b *module) int { return strings.Compare(a.Path, b.Path) })
	return c, nil
}

// linkedPackages lists the packages of the build that is shipped.
func linkedPackages(root string) (found []linked, err error) {
	list := exec.Command("go", "list", "-deps", "-json=ImportPath,Dir,Module", "./cmd/coredns", "./cmd/notunnel")
	list.Dir = root
	list.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0", "PWD=")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", list, err)
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p linked
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return found, nil
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", list, err)
		}
		found = append(found, p)
	}
}

// add gives m the texts that the package p is under: those in its folder and in
// all above it, up to the module's own.
func (c *collection) add(m *module, p linked, classifier licenses.Classifier) error {
	candidates, err := licenses.FindCandidates(p.Dir, p.Module.Dir)
	if err != nil {
		return err
	}
	covered := false
	for _, path := range candidates {
		if !isText(path) {
			continue
		}
		names, err := identify(classifier, path)
		if err != nil {
			return err
		}
		covered = covered || len(names) > 0
		m.License = and(m.License, names)
		if err := c.addFile(m, p.Module.Dir, path); err != nil {
			return err
		}
	}
	if !covered {
		return fmt.Errorf("no licence found in %s %s: look for another version or another module", m.Path, m.Version)
	}
	further, err := furtherTexts(p.Dir, p.Module.Dir)
	if err != nil {
		return err
	}
	for _, path := range further {
		if err := c.addFile(m, p.Module.Dir, path); err != nil {
			return err
		}
	}
	return nil
}

// addFile gives m a text of the module's folder dir, unless it has it.
func (c *collection) addFile(m *module, dir, path string) error {
	name, err := filepath.Rel(dir, path)
	if err != nil {
		return err
	}
	name = filepath.ToSlash(name)
	at, found := slices.BinarySearchFunc(m.Files, name, func(f file, name string) int { return strings.Compare(f.Name, name) })
	if found {
		return nil
	}
	text, err := c.text(path)
	if err != nil {
		return err
	}
	m.Files = slices.Insert(m.Files, at, file{Name: name, Text: text})
	return nil
}
