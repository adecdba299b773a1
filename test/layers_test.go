package test

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/notunnel/notunnel/"

// The data's way has no way back: what judges knows nothing of the server it
// runs in.
func TestLayers(t *testing.T) {
	layers := []struct {
		packages string // by the beginning of the path
		without  []string
		seen     int
	}{
		{module + "segment", []string{"github.com/coredns/", "github.com/miekg/dns", module + "plugin"}, 0},
		{module + "model", []string{"github.com/coredns/", "github.com/miekg/dns", module + "plugin"}, 0},
		// All that lies below the door, which itself is no sub-package.
		{module + "plugin/", []string{"github.com/coredns/"}, 0},
	}
	// Those that only train are not in the resolver, and keep to it all the same.
	for _, p := range packages(t, module+"cmd/coredns", module+"model/...", module+"segment/...") {
		for i := range layers {
			layer := &layers[i]
			if !strings.HasPrefix(p.ImportPath, layer.packages) {
				continue
			}
			layer.seen++
			for _, dep := range p.Deps {
				for _, banned := range layer.without {
					if strings.HasPrefix(dep, banned) {
						t.Errorf("%s depends on %s", p.ImportPath, dep)
					}
				}
			}
		}
	}
	for _, layer := range layers {
		if layer.seen == 0 {
			t.Errorf("no package %s…", layer.packages)
		}
	}
}

// The rooms of the plugin stand one above the other: each knows at most those
// before it in this list. Storage knows no policy on top of that.
func TestRooms(t *testing.T) {
	rooms := []string{"escape", "keyhash", "domain", "slab", "split/psl/table", "split/psl", "split", "standing/table", "standing", "subject", "verdict", "flags", "meter", "window", "joint", "detect", "watch", "forecast", "events", "state", "admin"}
	deps := map[string][]string{} // of each room, below plugin/
	for _, p := range packages(t, module+"cmd/coredns") {
		room, ok := strings.CutPrefix(p.ImportPath, module+"plugin/")
		if !ok {
			continue
		}
		deps[room] = []string{}
		for _, dep := range p.Deps {
			if dep, ok := strings.CutPrefix(dep, module+"plugin/"); ok {
				deps[room] = append(deps[room], dep)
			}
		}
		if !slices.Contains(rooms, room) {
			t.Errorf("%s has no place in the list of rooms", room)
		}
	}
	for i, room := range rooms {
		if deps[room] == nil {
			t.Errorf("%s is not in the resolver", room)
		}
		for _, dep := range deps[room] {
			if !slices.Contains(rooms[:i], dep) {
				t.Errorf("%s knows of %s", room, dep)
			}
		}
	}
	for room, known := range deps {
		for _, beside := range []string{"state", "admin", "watch", "forecast", "events"} {
			if slices.Contains(known, beside) && !(room == "admin" && (beside == "watch" || beside == "forecast")) {
				t.Errorf("%s knows of %s, which is the door's", room, beside)
			}
		}
	}
	for _, policy := range []string{"verdict", "flags", "subject", "standing", "meter"} {
		for _, storage := range []string{"window", "joint"} {
			if slices.Contains(deps[storage], policy) {
				t.Errorf("%s knows of %s", storage, policy)
			}
		}
	}
}

// The map of the house shows every room and every file at its door.
func TestMap(t *testing.T) {
	text, err := os.ReadFile("../plugin/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir("../plugin")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		name := entry.Name()
		switch {
		case entry.IsDir():
			name += "/"
		case name == "doc.go" || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			continue
		}
		if !strings.Contains(string(text), name) {
			t.Errorf("plugin/doc.go does not show %s", name)
		}
	}
}

type goPackage struct {
	ImportPath string
	Deps       []string // all of them, not the direct ones alone
}

// packages are those named and all that they consist of.
func packages(t *testing.T, named ...string) (all []goPackage) {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list", "-deps", "-json=ImportPath,Deps"}, named...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	for in := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := in.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
