package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/publicsuffix"
)

// Every subcommand helps, fails and asks for files in the same way.
func TestCommandLines(t *testing.T) {
	for _, c := range commands {
		t.Run(c.name, func(t *testing.T) {
			for _, help := range []string{"--help", "-h"} {
				var out, errs bytes.Buffer
				if status := run([]string{c.name, help}, &out, &errs); status != 0 || errs.Len() > 0 ||
					!strings.HasPrefix(out.String(), "usage: notunnel "+c.name+" ") {
					t.Errorf("%s: status %d, stdout %q, stderr %q", help, status, &out, &errs)
				}
			}
			var out, errs bytes.Buffer
			want := "notunnel " + c.name + ": unknown flag: --frob\n\"notunnel " + c.name + " --help\" lists the options.\n"
			if status := run([]string{c.name, "--frob"}, &out, &errs); status != 2 || errs.String() != want || out.Len() > 0 {
				t.Errorf("unknown option: status %d, stdout %q, stderr %q; want %q", status, &out, &errs, want)
			}
		})
	}
}

func TestNoFiles(t *testing.T) {
	for _, name := range []string{"scan", "features", "eval", "encode"} {
		var out, errs bytes.Buffer
		if status := run([]string{name}, &out, &errs); status != 2 || out.Len() > 0 ||
			!strings.HasPrefix(errs.String(), "usage: notunnel "+name+" ") {
			t.Errorf("%s: status %d, stdout %q, stderr %q", name, status, &out, &errs)
		}
	}
}

// The options that the Makefile and the training scripts give stay as they are.
func TestEncodeOptions(t *testing.T) {
	dir := t.TempDir()
	all, without := filepath.Join(dir, "all.txt"), filepath.Join(dir, "without.txt")
	write(t, all, "www\nmail\nns1\n")
	write(t, without, "mail\n")
	out := filepath.Join(dir, "ids.npy")
	var stdout, errs bytes.Buffer
	if status := run([]string{"encode", "-o", out, "--without", without, all}, &stdout, &errs); status != 0 ||
		errs.String() != out+": 2 prefixes\n" {
		t.Errorf("status %d, stderr %q", status, &errs)
	}
}

func TestVersion(t *testing.T) {
	list := publicsuffix.List.String()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"version"}, "notunnel " + version() + "\n" + list + "\n"},
		{[]string{"version", "--suffix-list"}, list + "\n"},
	} {
		var out, errs bytes.Buffer
		if status := run(c.args, &out, &errs); status != 0 || out.String() != c.want || errs.Len() > 0 {
			t.Errorf("%v: status %d, stdout %q, stderr %q; want %q", c.args, status, &out, &errs, c.want)
		}
	}
	var out, errs bytes.Buffer
	if status := run([]string{"version", "x"}, &out, &errs); status != 2 || !strings.Contains(errs.String(), `"x": no arguments`) {
		t.Errorf("an argument: status %d, stderr %q", status, &errs)
	}
}
