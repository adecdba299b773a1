package licenses

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestModules(t *testing.T) {
	modules, err := Modules()
	if err != nil {
		t.Fatal(err)
	}
	last := ""
	for _, m := range modules {
		if m.Path <= last {
			t.Errorf("%s stands after %s", m.Path, last)
		}
		last = m.Path
		if m.Version == "" || m.License == "" || len(m.Texts) == 0 {
			t.Errorf("%s: version %q, licence %q, %d texts", m.Path, m.Version, m.License, len(m.Texts))
		}
		for _, text := range m.Texts {
			if len(text.Content) < 20 {
				t.Errorf("%s: %s is %q", m.Path, text.Name, text.Content)
			}
		}
	}
}

// The one module under MPL-2.0: its recipients must be told where its source is.
func TestMozillaLicence(t *testing.T) {
	m := find(t, "github.com/hashicorp/golang-lru/v2")
	if !strings.Contains(m.License, "MPL-2.0") || !strings.HasPrefix(m.Texts[0].Content, "Copyright") ||
		!strings.Contains(m.Texts[0].Content, "Mozilla Public License, version 2.0") {
		t.Errorf("licence %q, text %.60q", m.License, m.Texts[0].Content)
	}
	if want := "go mod download " + m.Path + "@" + m.Version; m.Source() != want {
		t.Errorf("source %q, want %q", m.Source(), want)
	}
	if source := find(t, StandardLibrary).Source(); source != "" {
		t.Errorf("source of the standard library: %q", source)
	}
}

// The generator takes the standard library's text from another module of the Go
// project, because a toolchain may come without it.
func TestStandardLibrary(t *testing.T) {
	m := find(t, StandardLibrary)
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "LICENSE"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("this Go comes without its licence")
	} else if err != nil {
		t.Fatal(err)
	}
	if m.Version != runtime.Version() || m.Texts[0].Content != string(own) {
		t.Errorf("version %s, text of %d bytes; want %s, %d bytes", m.Version, len(m.Texts[0].Content), runtime.Version(), len(own))
	}
}

// What is linked is listed, in that version, and NOTICE names it.
func TestListed(t *testing.T) {
	list := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}", "./cmd/coredns", "./cmd/notunnel")
	list.Dir = "../../.."
	list.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0", "PWD=")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("%s: %v", list, err)
	}
	linked := map[string]bool{}
	for _, line := range strings.Split(string(out), "\n") {
		if line != "" {
			linked[line] = true
		}
	}
	notice, err := os.ReadFile("../../../NOTICE")
	if err != nil {
		t.Fatal(err)
	}
	inNotice := map[string]bool{}
	for _, line := range strings.Split(string(notice), "\n") {
		if f := strings.Fields(line); len(f) >= 3 {
			inNotice[f[0]+" "+f[1]] = true
		}
	}
	modules, err := Modules()
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, m := range modules {
		if m.Path != StandardLibrary {
			listed[m.Path+" "+m.Version] = true
		}
	}
	for m := range linked {
		if !listed[m] || !inNotice[m] {
			t.Errorf("%s is linked but not in licenses.json or NOTICE: run make licenses", m)
		}
	}
	for m := range listed {
		if !linked[m] {
			t.Errorf("%s is listed but not linked: run make licenses", m)
		}
	}
}

func find(t *testing.T, path string) Module {
	t.Helper()
	modules, err := Modules()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range modules {
		if m.Path == path {
			return m
		}
	}
	t.Fatalf("%s is not listed", path)
	return Module{}
}
