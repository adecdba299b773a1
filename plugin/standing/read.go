package standing

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"

	"github.com/notunnel/notunnel/plugin/domain"
	"github.com/notunnel/notunnel/plugin/split"
	"github.com/notunnel/notunnel/plugin/standing/table"
)

// Read reads an operator's list. A line is a domain, or a rank, a comma and a
// domain, as Tranco and Cisco Umbrella write them; # begins a comment. The file
// may be compressed by gzip. Every SLD that a line names, by a host name or its
// own, is popular; lines that name none are counted (Skipped).
//
// A domain takes five to nine bytes besides its name, 21 in all for Tranco's. While
// a million lines are read, in about a second, some 105 MB are in use.
// The error names file and line.
func Read(path string) (*List, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("popular: %w", err)
	}
	defer f.Close()
	text, err := plain(f)
	if err != nil {
		return nil, fmt.Errorf("popular: %s: %w", path, err)
	}
	l, err := read(text, path)
	if err != nil {
		return nil, fmt.Errorf("popular: %w", err)
	}
	return l, nil
}

// plain is what is in a file that may be compressed.
func plain(r io.Reader) (io.Reader, error) {
	buffered := bufio.NewReader(r)
	if magic, _ := buffered.Peek(2); string(magic) == "\x1f\x8b" {
		return gzip.NewReader(buffered)
	}
	return buffered, nil
}

func read(r io.Reader, name string) (*List, error) {
	l := &List{}
	// Whoever gets many domains on a public list cannot aim them at one bucket.
	b := table.NewBuilder(rand.Uint64())
	var n split.Name
	added := false
	err := domain.ReadLines(r, name, func(line, _ string) error {
		entry := line
		if rank, rest, csv := strings.Cut(line, ","); csv {
			if entry = strings.TrimSpace(rest); !isRank(strings.TrimSpace(rank)) || strings.Contains(entry, ",") {
				return fmt.Errorf("%q is neither a domain nor a rank, a comma and a domain: cut the file to these", line)
			}
		}
		host, err := domain.Canonical(entry)
		if err != nil {
			return err
		}
		// A list of hosts may well name reverse zones, and nobody means the networks
		// in them.
		if n.Parse(host) != split.Judged || strings.HasSuffix(host, ".arpa") {
			l.skipped++
			return nil
		}
		added = true
		return b.Add(n.SLD(), true)
	})
	if err != nil {
		return nil, err
	}
	if !added {
		return nil, errors.New(name + " names no domain: write one a line, or none in place of the file for no list at all")
	}
	l.table = b.Table()
	return l, nil
}

func isRank(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
