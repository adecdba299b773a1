package main

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/notunnel/notunnel/model/feature"
)

// The rows say what they are, grow with the window, and hold what scan sees.
func TestFeatures(t *testing.T) {
	out := filepath.Join(t.TempDir(), "rows.csv.gz")
	var errs bytes.Buffer
	status := run([]string{"features", "-o", out, "--sources", "../../model/train/sources.tsv", tunnelSample, ordinarySample}, &errs, &errs)
	if status != 0 {
		t.Fatal(errs.String())
	}
	rows := readRows(t, out)
	if want := append(slices.Clone(rowColumns), feature.Names[:]...); !slices.Equal(rows[0], want) {
		t.Fatalf("header %v", rows[0])
	}
	seen := map[string]int{}
	queries := map[string]int{}
	for _, row := range rows[1:] {
		seen[row[0]+" "+row[1]]++
		n, _ := strconv.Atoi(row[slices.Index(rowColumns, "queries")])
		if n <= queries[row[5]] {
			t.Errorf("session %s: %d queries after %d", row[5], n, queries[row[5]])
		}
		queries[row[5]] = n
		if row[0] == "1" && row[3] != "tunnel-lab.com" || row[6] != "0" {
			t.Errorf("row %v", row[:len(rowColumns)])
		}
	}
	if seen["1 iodine"] < 3 || seen["0 ordinary"] < 1 {
		t.Errorf("rows by kind: %v", seen)
	}
}

func TestFeaturesOfUnlistedFile(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "rows.csv.gz")
	write(t, filepath.Join(dir, "mine.tsv"), "1\t192.0.2.1\ta.example-site.com\t1\t0\t[]\n")
	var errs bytes.Buffer
	status := run([]string{"features", "-o", out, "--sources", "../../model/train/sources.tsv", filepath.Join(dir, "mine.tsv")}, &errs, &errs)
	if status != 2 || !bytes.Contains(errs.Bytes(), []byte("mine.tsv: no pattern")) {
		t.Errorf("status %d: %s", status, &errs)
	}
	if _, err := os.Stat(out); !os.IsNotExist(err) {
		t.Error("half a table is left behind")
	}
}

func TestSourcesTable(t *testing.T) {
	for content, want := range map[string]string{
		"a\t1\ttool\tme\n":          ":1: 4 columns",
		"#\na\t2\ttool\tme\t*\n":    `:2: label "2"`,
		"[\t1\ttool\tme\t*\n":       `:1: pattern "["`,
		"a.tsv\t1\ttool\tme\tb.c\n": "",
	} {
		path := filepath.Join(t.TempDir(), "sources.tsv")
		write(t, path, content)
		_, err := readSources(path)
		if want == "" && err != nil || want != "" && (err == nil || !bytes.Contains([]byte(err.Error()), []byte(want))) {
			t.Errorf("%q: %v, want %q", content, err, want)
		}
	}
}

// Where the table leaves it to the source column, each row says what it is.
func TestSourceColumn(t *testing.T) {
	by := source{label: "*", tool: "*"}
	for column, want := range map[string]kind{
		"composed-tunnel-rotation": {tunnel: true, tool: "tunnel-rotation", composed: true},
		"composed-format-dnstt":    {tunnel: true, tool: "format-dnstt", composed: true},
		"composed-client":          {tool: "client", composed: true},
		"office":                   {tool: "office"},
	} {
		if k, ok := by.of("site.com", column); !ok || k != want {
			t.Errorf("%s: %+v, want %+v", column, k, want)
		}
	}
}

func readRows(t *testing.T, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(z).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}
