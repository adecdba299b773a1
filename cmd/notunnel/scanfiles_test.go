package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/cmd/notunnel/capture"
	"github.com/notunnel/notunnel/plugin/subject"
)

// scanResult runs the command, whatever becomes of it.
func scanResult(args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = run(append([]string{"scan"}, args...), &out, &errs)
	return status, out.String(), errs.String()
}

func queryLog(client string, n int) string {
	var log strings.Builder
	for i := range n {
		fmt.Fprintf(&log, "%d\t%s\thost%d.example-site.com\tA\t-\t-\n", 1700000000+i, client, i%3)
	}
	return log.String()
}

// Files that cannot be read are named, the others are judged, and the exit status
// tells that something is missing.
func TestScanSeveralFiles(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	write(t, path("a"), queryLog("192.0.2.1", 5))
	write(t, path("junk"), "what is this\nand this\n")
	write(t, path("empty"), "")
	write(t, path("b"), queryLog("192.0.2.2", 7))
	status, out, errs := scanResult("--json", "--all", path("a"), path("junk"), path("none"), path("empty"), dir, path("b"))
	if status != 2 || !strings.Contains(out, `"queries":12,"slds":1,"clients":2,"windows":2`) {
		t.Errorf("status %d, stdout %s", status, out)
	}
	for _, want := range []string{path("junk") + ":1: in no known form", path("none") + ": no such file", path("empty") + ": the file is empty", dir + ": is a directory", "4 of 6 files could not be read"} {
		if !strings.Contains(errs, want) {
			t.Errorf("stderr lacks %q:\n%s", want, errs)
		}
	}
	write(t, path("unknown"), queryLog("-", 3))
	if _, _, errs = scanResult(path("unknown"), path("none"), path("b")); strings.Count(errs, "do not tell who asked") != 1 {
		t.Errorf("of the missing file is said what is so of the one before:\n%s", errs)
	}
	if status, out, errs = scanResult("--json", path("junk"), path("none")); status != 2 || out != "" || !strings.Contains(errs, "junk:1:") || !strings.Contains(errs, "none: no such file") {
		t.Errorf("nothing to judge: status %d, stdout %q, stderr %q", status, out, errs)
	}
}

// Where a log does not tell who asked, that is said, and files are told apart.
func TestScanMissingClient(t *testing.T) {
	dir := t.TempDir()
	paths := []string{filepath.Join(dir, "dns.log"), filepath.Join(dir, "old", "dns.log")}
	if err := os.Mkdir(filepath.Join(dir, "old"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		write(t, path, queryLog("-", 5))
	}
	status, out, errs := scanResult("--json", "--all", paths[0], paths[1])
	if status != 0 || !strings.Contains(out, `"clients":2,"windows":2`) {
		t.Errorf("status %d, stdout %s", status, out)
	}
	for i, client := range []string{"file:dns.log", "file:" + paths[1]} {
		if want := paths[i] + ": 5 queries do not tell who asked: they count as those of one client, " + client + "\n"; !strings.Contains(errs, want) {
			t.Errorf("stderr lacks %q:\n%s", want, errs)
		}
	}
	if _, _, errs = scanResult("--map", "name=3,client=2", paths[0]); !strings.Contains(errs, "5 queries do not tell when") {
		t.Errorf("stderr %q", errs)
	}
}

func TestScanStandardInput(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	write(t, path, queryLog("192.0.2.1", 5))
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	defer func(old *os.File) { os.Stdin = old }(os.Stdin)
	os.Stdin = f
	if _, summary := scanned(t, "-"); summary["queries"] != 5.0 {
		t.Errorf("summary %v", summary)
	}
}

// What was left out is in the summary by kind, and on standard error.
func TestScanSkipped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	write(t, path, queryLog("192.0.2.1", 2)+"something else\n"+`{"_path":"conn","ts":1}`+"\n"+`{"_path":"conn","ts":2}`+"\n1\tx\t\n")
	status, out, errs := scanResult("--json", path)
	if status != 0 || !strings.Contains(out, `"malformed":1,"truncated":0,"skipped":{"Zeek conn entries":2,"lines of no known form":1}`) {
		t.Errorf("status %d, stdout %s", status, out)
	}
	for _, want := range []string{
		path + `: 1 left out: lines of no known form, first: line 3: "something else"`, path + ": 2 left out: Zeek conn entries",
		path + ": 1 undecodable, first: line 6: notunnel TSV: 3 columns",
	} {
		if !strings.Contains(errs, want) {
			t.Errorf("stderr lacks %q:\n%s", want, errs)
		}
	}
}

func TestScanForms(t *testing.T) {
	status, out, errs := scanResult("--forms")
	if status != 0 || errs != "" {
		t.Fatalf("status %d, stderr %q", status, errs)
	}
	for _, f := range capture.Forms {
		if !strings.Contains(out, f.Name) || f.Of == "" || f.Says == "" {
			t.Errorf("%s is not listed as it should be:\n%s", f.Name, out)
		}
	}
}

func TestScanBadReading(t *testing.T) {
	for _, c := range []struct{ option, value, want string }{
		{"--port", "0", "--port 0 is not in 1 to 65535"},
		{"--port", "53,65536", "--port 65536 is not in 1 to 65535"},
		{"--port", "dns", "invalid argument"},
		{"--map", "time=a", "--map: name=COLUMN is missing"},
		{"--map", "nmae=a", `--map: "nmae" is none of`},
		{"--map", "name", "name must be formatted as key=value"},
	} {
		if status, out, errs := scanResult(c.option, c.value, tunnelSample); status != 2 || out != "" || !strings.Contains(errs, c.want) {
			t.Errorf("%s %s: status %d, stderr %q, want %q", c.option, c.value, status, errs, c.want)
		}
	}
}

// counting is a visitor that checks the order of what it is told.
type counting struct {
	told []string
	fail int // at which query
}

var errFull = errors.New("the disk is full")

func (c *counting) Query(q *capture.Query) error {
	c.told = append(c.told, "?"+q.Name)
	q.Data = len(c.told)
	if c.fail > 0 && len(c.told) >= c.fail {
		return errFull
	}
	return nil
}

func (c *counting) Reply(q *capture.Query, _ *dns.Msg) error {
	if q.Data == nil {
		return errors.New("a reply came before its query")
	}
	c.told = append(c.told, "!"+q.Name)
	return nil
}

// What goes through a pipeline comes out whole and in order; an error of the
// visitor ends the reading and is not lost.
func TestPipeline(t *testing.T) {
	for _, n := range []int{0, 1, batchSize, 5*batches*batchSize + 7} {
		v := &counting{}
		p := newPipeline(v)
		var want []string
		for i := range n {
			q := &capture.Query{Name: fmt.Sprint(i)}
			want = append(want, "?"+q.Name, "!"+q.Name)
			if err := errors.Join(p.Query(q), p.Reply(q, new(dns.Msg))); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.finish(); err != nil || !slices.Equal(v.told, want) || p.queries != n {
			t.Errorf("%d queries: %v, %d told, %d counted", n, err, len(v.told), p.queries)
		}
	}
	p := newPipeline(&counting{fail: 3})
	var err error
	for i := 0; i < 100*batchSize && err == nil; i++ {
		err = p.Query(&capture.Query{Name: "x"})
	}
	if err == nil {
		t.Error("the reading goes on")
	}
	if err = p.finish(); !errors.Is(err, errFull) {
		t.Errorf("error %v", err)
	}
}

// A report to a full disk or a closed pipe is an error, and ends the work.
func TestScanReportCannotBeWritten(t *testing.T) {
	var errs bytes.Buffer
	if status := run([]string{"scan", "--json", "--queries", tunnelSample}, full{}, &errs); status != 2 || !strings.Contains(errs.String(), errFull.Error()) {
		t.Errorf("status %d, stderr %q", status, &errs)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

// However many pairs there are, a bounded number has accounts; those that are
// closed are told, and all are counted.
func TestAccounts(t *testing.T) {
	a := newAccounts()
	closed := map[int]bool{}
	a.closed = func(p *pair) {
		if closed[p.number] {
			t.Fatalf("%d is closed twice", p.number)
		}
		closed[p.number] = true
	}
	const more = 1000
	for i := range mostPairs + more {
		sld := fmt.Appendf(nil, "site%d.example", i)
		for range 2 {
			a.of(sld, subject.Client{}, func() *pair { return &pair{} })
		}
	}
	all := a.open()
	for i, p := range all {
		if closed[p.number] || i > 0 && p.number <= all[i-1].number {
			t.Fatalf("%d is open, closed %v", p.number, closed[p.number])
		}
	}
	if len(all) > mostPairs || len(all)+len(closed) != mostPairs+more || a.windows != mostPairs+more || len(a.slds) != mostPairs+more || len(a.clients) != 1 {
		t.Errorf("%d accounts, %d closed, %d windows, %d SLDs, %d clients", len(all), len(closed), a.windows, len(a.slds), len(a.clients))
	}
}
