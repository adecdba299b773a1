package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

// What is denied is blocked from its first query on, unless it is allowed.
func TestScanDeny(t *testing.T) {
	list := filepath.Join(t.TempDir(), "denied")
	write(t, list, "com # all of it\n")
	for _, args := range [][]string{{"--deny", "tunnel-lab.com"}, {"--deny", list}} {
		pairs, _ := scanned(t, append(args, tunnelSample)...)
		if len(pairs) != 1 || pairs[0]["verdict"] != "block" || pairs[0]["ground"] != "deny" || pairs[0]["leaked_queries"] != 0.0 || pairs[0]["up_bytes"] != 0.0 {
			t.Errorf("%v: %v", args, pairs)
		}
	}
	if pairs, _ := scanned(t, "--deny", "tunnel-lab.com", "--allow", "com", tunnelSample); len(pairs) != 0 {
		t.Errorf("allowed and denied: %v", pairs)
	}
	write(t, list, "fine.com\nnot a domain\n")
	var out, errs bytes.Buffer
	if status := run([]string{"scan", "--deny", list, tunnelSample}, &out, &errs); status != 2 || !strings.Contains(errs.String(), "--deny: deny list: "+list+":2:") {
		t.Errorf("status %d: %s", status, &errs)
	}
}
