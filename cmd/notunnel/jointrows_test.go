package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/notunnel/notunnel/model/feature"
)

// A row says what the SLDs are that a client's joint window rests on: a tunnel where two
// of them are.
func TestJointRows(t *testing.T) {
	dir := t.TempDir()
	log, out := filepath.Join(dir, "tunnel-mine.tsv"), filepath.Join(dir, "joint.csv.gz")
	var lines strings.Builder
	for i := range 40 {
		name, source := fmt.Sprintf("%08x%08x.k7q.evil%d-rotated.com", uint32(i)*0x9e3779b9, uint32(i)*0x85ebca6b, i%3), "composed-tunnel-rotation"
		if i < 10 {
			name, source = fmt.Sprintf("frankfurt-gateway-%d.harmless%d-rotated.com", i*7919, i%5), "composed-client"
		}
		fmt.Fprintf(&lines, "%d\t192.0.2.1\t%s\t1\t0\t[[\"192.0.2.%d\", 1]]\t%s\n", 1_700_000_000+i, name, i, source)
	}
	write(t, log, lines.String())
	var errs bytes.Buffer
	if status := run([]string{"features", "--joint", "-o", out, "--model", "../../model/data", "--sources", "../../model/train/sources.tsv", log}, &errs, &errs); status != 0 {
		t.Fatal(errs.String())
	}
	rows := readRows(t, out)
	if want := append(slices.Clone(jointColumns), feature.JointNames[:]...); !slices.Equal(rows[0], want) {
		t.Fatalf("header %v", rows[0])
	}
	seen := map[string]bool{}
	for _, row := range rows[1:] {
		tunnels, _ := strconv.Atoi(row[6])
		slds, _ := strconv.Atoi(row[7])
		if (row[0] == "1") != (tunnels >= 2) || tunnels > 3 || slds > 8 || (row[0] == "1") && (row[1] != "tunnel-rotation" || row[10] == "0" || row[11] == "0") {
			t.Errorf("row %v", row)
		}
		seen[row[0]+row[5]] = true
	}
	if !seen["11"] || !seen["01"] {
		t.Errorf("labels and composed: %v", seen)
	}
}
