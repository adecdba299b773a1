// Package licenses holds what must be said of the modules that the two programs
// carry: versions, licences and their texts. "make licenses" writes
// licenses.json by what is linked; the generator is in generate. The file is not
// compressed, so that a change of a licence can be read in its diff, and so that
// it does not depend on the compressor of one release of Go.
package licenses

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
)

//go:embed licenses.json
var listing []byte

// StandardLibrary is the path under which the standard library is listed.
const StandardLibrary = "std"

// Module is a module that a program carries.
type Module struct {
	Path    string
	Version string // of the standard library: the Go that built this program
	License string // SPDX expression
	Texts   []Text // its licences and notices, by name
}

// Text is a licence or a notice.
type Text struct {
	Name    string // of the file, from the module's root
	Content string // ends with a line end
}

// Source tells where the source code is had, for a module whose licence asks to
// say so (MPL-2.0, section 3.2); for others it is empty.
func (m Module) Source() string {
	if !strings.Contains(m.License, "MPL") {
		return ""
	}
	return fmt.Sprintf("go mod download %s@%s", m.Path, m.Version)
}

// Modules lists them by path. Only a build from a broken file fails.
func Modules() ([]Module, error) {
	var list struct {
		Modules []struct {
			Path, Version, License string
			Files                  []struct{ Name, Text string }
		}
		Texts map[string][]string
	}
	if err := json.Unmarshal(listing, &list); err != nil {
		return nil, fmt.Errorf("licenses.json: %w", err)
	}
	modules := make([]Module, 0, len(list.Modules))
	for _, from := range list.Modules {
		m := Module{Path: from.Path, Version: from.Version, License: from.License}
		if m.Path == StandardLibrary {
			m.Version = runtime.Version()
		}
		for _, f := range from.Files {
			lines, ok := list.Texts[f.Text]
			if !ok {
				return nil, fmt.Errorf("licenses.json: %s: %s has no text %q", m.Path, f.Name, f.Text)
			}
			m.Texts = append(m.Texts, Text{Name: f.Name, Content: strings.Join(lines, "\n") + "\n"})
		}
		modules = append(modules, m)
	}
	return modules, nil
}
