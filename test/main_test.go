package test

import (
	"fmt"
	"os"
	"testing"

	// It runs in the resolver, not here; but so go test knows when results in
	// its cache are old.
	_ "github.com/notunnel/notunnel/plugin"
	"github.com/notunnel/notunnel/test/lab"
)

// coredns is the resolver, built once for all tests.
var coredns string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "notunnel-test-")
	if err == nil {
		defer os.RemoveAll(dir)
		coredns, err = lab.Build(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// skip skips the test, or fails it where nothing may be skipped.
func skip(t *testing.T, why any) {
	t.Helper()
	if os.Getenv("NOTUNNEL_NO_SKIP") != "" {
		t.Fatal("may not be skipped here: ", why)
	}
	t.Skip(why)
}
