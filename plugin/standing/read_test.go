package standing

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(tb testing.TB, data string) string {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "popular")
	if err := os.WriteFile(file, []byte(data), 0o600); err != nil {
		tb.Fatal(err)
	}
	return file
}

func zipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(text))
	w.Close()
	return b.String()
}

func TestRead(t *testing.T) {
	tests := []struct {
		name, data string
		slds       []string
		skipped    int
	}{
		{"a domain a line", "example.com\nexample.co.uk\n", []string{"example.com", "example.co.uk"}, 0},
		{"rank and domain", "1,example.com\r\n2,example.net\r\n", []string{"example.com", "example.net"}, 0},
		{"spaces", " 1 , example.com \n\texample.net", []string{"example.com", "example.net"}, 0},
		{"comments and blank lines", "# head\n\nexample.com # why\n   \n", []string{"example.com"}, 0},
		{"byte-order mark", "\ufeffexample.com\n", []string{"example.com"}, 0},
		{"byte-order mark and rank", "\ufeff1,example.com\n", []string{"example.com"}, 0},
		{"gzip", zipped("1,example.com\n2,example.net\n"), []string{"example.com", "example.net"}, 0},
		{"any case, root dot", "EXAMPLE.Com.\n", []string{"example.com"}, 0},
		{"other scripts", "bücher.example\nпример.рф\n", []string{"xn--bcher-kva.example", "xn--e1afmkfd.xn--p1ai"}, 0},
		{"host names are cut", "1,www.example.com\n2,a.b.example.com\n3,example.com\n", []string{"example.com"}, 0},
		{"suffixes are skipped", "com\nco.uk\ngithub.io\nexample.com\n", []string{"example.com"}, 3},
		{"names below private suffixes", "me.github.io\n", []string{"me.github.io"}, 0},
		{"local and reverse names are skipped", "printer.local\n4.3.2.1.in-addr.arpa\n_x.4.3.2.in-addr.arpa\nexample.com\n", []string{"example.com"}, 3},
		{"the operator's word counts", "nip.io\ninteract.sh\n", []string{"nip.io", "interact.sh"}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, err := Read(write(t, tt.data))
			if err != nil {
				t.Fatal(err)
			}
			for _, sld := range tt.slds {
				if got := l.Of([]byte(sld)); got != Popular {
					t.Errorf("%s is %v", sld, got)
				}
			}
			if popular, listed := l.Len(); popular != len(tt.slds) || listed != 0 || l.Skipped() != tt.skipped {
				t.Errorf("%d popular, %d listed, %d skipped; want %d, 0, %d", popular, listed, l.Skipped(), len(tt.slds), tt.skipped)
			}
			if got := l.Of([]byte("google.com")); got != Unknown {
				t.Errorf("google.com is %v: the shipped list is still in force", got)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	deep := strings.Repeat("a", 63)
	tests := []struct{ name, data, wantErr string }{
		{"empty", "", "names no domain"},
		{"comments alone", "# nothing\n", "names no domain"},
		{"suffixes alone", "com\nnet\n", "names no domain"},
		{"address", "example.com\n192.0.2.1\n", "popular:2: \"192.0.2.1\" is an address"},
		{"hosts file", "0.0.0.0 example.com\n", "popular:1: \"0.0.0.0 example.com\" is not a domain"},
		{"URL", "1,https://example.com/\n", "popular:1: "},
		{"wildcard", "\n*.example.com\n", "popular:2: "},
		{"heading", "GlobalRank,TldRank,Domain\n1,1,google.com\n", "popular:1: "},
		{"more columns", "1,google.com,2\n", "popular:1: "},
		{"no rank", "example.com,1\n", "popular:1: "},
		{"nothing after the rank", "1,\n", "popular:1: "},
		{"empty label", "a..example\n", "popular:1: "},
		{"SLD longer than a list takes", deep + "." + deep + ".compute.amazonaws.com\n", "popular:1: "},
		{"endless line", "a.example\n" + strings.Repeat("a", 1<<17), "popular:2: "},
		{"broken gzip", "\x1f\x8bnot", "popular: "},
		{"gzip cut short", zipped(strings.Repeat("example.com\n", 1000))[:40], "popular:"},
		{"binary", "\x00\x01\x02\n", "popular:1: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := write(t, tt.data)
			l, err := Read(file)
			if err == nil || !strings.Contains(err.Error(), tt.wantErr) || !strings.Contains(err.Error(), file) {
				t.Errorf("%v, error %v; want %q and the file", l, err, tt.wantErr)
			}
		})
	}
	if _, err := Read("/nonexistent/popular"); err == nil || !strings.Contains(err.Error(), "/nonexistent/popular") {
		t.Errorf("a missing file gives %v", err)
	}
}
