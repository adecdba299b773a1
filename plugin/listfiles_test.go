package notunnel

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestChainNamesEveryLinkOnTheWay(t *testing.T) {
	at, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(at+"/..1/lists", 0o700); err != nil {
		t.Fatal(err)
	}
	for path, target := range map[string]string{
		"/..data": "..1", "/allow.txt": "..data/lists/../allow.txt", "/far": at + "/..data/lists",
		"/dangling": "nowhere/x", "/loop": "pool", "/pool": "loop",
	} {
		if err := os.Symlink(target, at+path); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string][]string{
		"/plain":         {"/plain"},
		"/missing/plain": {"/missing/plain"},
		"/..1/lists/x":   {"/..1/lists/x"},
		"/allow.txt":     {"/allow.txt", "/..data", "/..1/allow.txt"},
		"/far/x":         {"/far", "/..data", "/..1/lists/x"},
		"/dangling":      {"/dangling", "/nowhere/x"},
	} {
		for i := range want {
			want[i] = at + want[i]
		}
		if got := chain(at + path); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	if got := chain(at + "/loop"); len(got) != maxLinks+1 {
		t.Errorf("%d paths of a loop, want %d and an end", len(got), maxLinks)
	}
}
