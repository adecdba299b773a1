package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
)

// The files, from the root of the repository.
const (
	listingFile = "cmd/notunnel/licenses/licenses.json"
	noticeFile  = "NOTICE"
)

// noticeMark begins the part of NOTICE that is written here.
const noticeMark = "== Third-party modules: written by \"make licenses\", not by hand =="

// listing encodes the collection, the same on every machine.
func (c *collection) listing() ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(c); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// notice is the generated part of NOTICE.
func (c *collection) notice() []byte {
	var out bytes.Buffer
	fmt.Fprintln(&out, noticeMark)
	fmt.Fprint(&out, `
The binaries coredns and notunnel carry code of these modules, unchanged. The
texts of their licences and notices are in cmd/notunnel/licenses/licenses.json;
"notunnel licenses --text" prints them.

`)
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for _, m := range c.Modules {
		version := m.Version
		if m.Path == standardLibrary {
			version = "of the Go that built it"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", m.Path, version, m.License)
	}
	w.Flush()
	for _, m := range c.Modules {
		if strings.Contains(m.License, "MPL-2.0") {
			fmt.Fprintf(&out, `
The source code of %[1]s is under MPL-2.0 and is
had as that module in that version: go mod download %[1]s@%[2]s
`, m.Path, m.Version)
		}
	}
	return out.Bytes()
}
