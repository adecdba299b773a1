package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestLicenses(t *testing.T) {
	const lru = "github.com/hashicorp/golang-lru/v2"
	for _, c := range []struct {
		name       string
		args       []string
		want, lack []string
	}{
		{"table", nil, []string{lru, "MPL-2.0", "go mod download " + lru + "@v", "std"}, []string{"Permission is hereby granted"}},
		{"all texts", []string{"--text"}, []string{lru, "Mozilla Public License", "Permission is hereby granted", "The Go Authors"}, nil},
		{"one module", []string{lru}, []string{"Mozilla Public License"}, []string{"github.com/miekg/dns"}},
		{"the standard library", []string{"std"}, []string{"The Go Authors"}, []string{"Mozilla"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			if status := run(append([]string{"licenses"}, c.args...), &out, &errs); status != 0 {
				t.Fatalf("status %d: %s", status, &errs)
			}
			for _, want := range c.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%q is missing", want)
				}
			}
			for _, lack := range c.lack {
				if strings.Contains(out.String(), lack) {
					t.Errorf("%q is there", lack)
				}
			}
		})
	}
	var out, errs bytes.Buffer
	if status := run([]string{"licenses", "example.com/none"}, &out, &errs); status != 2 ||
		!strings.Contains(errs.String(), `"example.com/none" is not a module`) {
		t.Errorf("unknown module: status %d, stderr %q", status, &errs)
	}
}
