// Package capture reads what was recorded of DNS traffic, in any of four
// forms, as one sequence of queries and replies:
//
//   - packets: pcap and pcapng, UDP and TCP port 53
//   - dnstap frame streams
//   - Zeek's dns.log, tab separated or JSON
//   - notunnel's own DNS log, tab separated
//
// Forms are told apart by content; any of them may be gzipped. What cannot be
// decoded in a binary form is counted and skipped; in a text form it is an
// error that names file and line.
package capture

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"time"

	"github.com/miekg/dns"
)

// Query is a recorded query.
type Query struct {
	At     time.Time  // zero if unknown
	Client netip.Addr // invalid if unknown
	Source string     // what the log says of its origin, if it does
	Name   string     // presentation form; bytes may stand for themselves
	Type   uint16     // 0 if unknown

	Data any // the visitor's own
}

// Visitor is told of queries and replies in the order of the record. An error
// ends the reading.
type Visitor interface {
	Query(*Query) error
	// Reply comes after the query that it answers, with the same pointer. A
	// reply to no known query is announced by a query of its own.
	Reply(*Query, *dns.Msg) error
}

// Stats counts what could not be read.
type Stats struct {
	Malformed Count // payloads that are no DNS message
	Truncated Count // packets, streams and files that end early

	cut bool // the file's own end is among them
}

// breaksOff counts the early end of the file itself. One cut breaks both a gzip
// stream and the packet in it, and is one defect.
func (s *Stats) breaksOff(format string, args ...any) {
	if !s.cut {
		s.cut = true
		s.Truncated.Add(format, args...)
	}
}

// Count is a number of defects and where the first one is.
type Count struct {
	N     int
	First string
}

// Add counts a defect, of which the first is described.
func (c *Count) Add(format string, args ...any) {
	if c.N++; c.N == 1 {
		c.First = fmt.Sprintf(format, args...)
	}
}

// Read reads a file. Errors name it.
func Read(path string, v Visitor) (Stats, error) {
	f, err := os.Open(path)
	if err != nil {
		return Stats{}, err
	}
	defer f.Close()
	return ReadFrom(f, path, v)
}

const (
	sniffed = 4096    // bytes of a file that tell its form
	longest = 4 << 20 // bytes of a line of a text form
)

// ReadFrom reads the content of the file called name, which errors will name.
func ReadFrom(r io.Reader, name string, v Visitor) (stats Stats, err error) {
	in := bufio.NewReaderSize(r, 1<<16)
	if head, _ := in.Peek(2); string(head) == "\x1f\x8b" {
		z, err := gzip.NewReader(in)
		if err != nil {
			return stats, fmt.Errorf("%s: %w", name, err)
		}
		in = bufio.NewReaderSize(&tail{r: z, stats: &stats}, 1<<16)
	}
	head, err := in.Peek(sniffed)
	if len(head) == 0 {
		if err != io.EOF {
			return stats, fmt.Errorf("%s: %w", name, err)
		}
		return stats, fmt.Errorf("%s: the file is empty", name)
	}
	read := formOf(head)
	if read == nil {
		return stats, fmt.Errorf("%s: neither a capture (pcap, pcapng, dnstap) nor a DNS log (notunnel's, Zeek's)", name)
	}
	if err = read(in, v, &stats); err != nil {
		var at *lineError
		if errors.As(err, &at) {
			return stats, fmt.Errorf("%s:%d: %w", name, at.line, at.err)
		}
		return stats, fmt.Errorf("%s: %w", name, err)
	}
	return stats, nil
}

// formOf tells the form of a file by how it begins; nil if it has none that is
// known.
func formOf(head []byte) func(*bufio.Reader, Visitor, *Stats) error {
	begins := func(s string) bool { return bytes.HasPrefix(head, []byte(s)) }
	switch {
	case begins("\xa1\xb2\xc3\xd4"), begins("\xd4\xc3\xb2\xa1"), begins("\xa1\xb2\x3c\x4d"), begins("\x4d\x3c\xb2\xa1"):
		return readPcap
	case begins("\x0a\x0d\x0d\x0a"):
		return readPcapNG
	case begins("\x00\x00\x00\x00") && len(head) >= 12 && string(head[8:12]) == "\x00\x00\x00\x02": // a START control frame
		return readDnstap
	case begins("#separator"):
		return readZeek
	case begins("{"):
		return readZeekJSON
	}
	line, _, _ := bytes.Cut(head, []byte{'\n'})
	if bytes.Count(line, []byte{'\t'}) >= logColumns-1 {
		return readLog
	}
	return nil
}

// lineError is an error in a line of a text form.
type lineError struct {
	line int
	err  error
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %v", e.line, e.err) }

// eachLine calls visit with every line but empty ones; its errors come back
// with the number of the line. The last line of a truncated file may be half
// a line, so it may fail.
func eachLine(r io.Reader, stats *Stats, visit func(line []byte) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 1<<16), longest)
	n := 1
	for ; lines.Scan(); n++ {
		if len(lines.Bytes()) == 0 {
			continue
		}
		if err := visit(lines.Bytes()); err != nil {
			if !lines.Scan() && stats.Truncated.N > 0 {
				return nil
			}
			return &lineError{n, err}
		}
	}
	if err := lines.Err(); err != nil {
		return &lineError{n, err}
	}
	return nil
}

// tail counts a gzip stream that ends early as truncated, and then ends it:
// what came before it counts.
type tail struct {
	r     io.Reader
	stats *Stats
}

func (t *tail) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		t.stats.breaksOff("gzip stream: %v", err)
		err = io.EOF
	}
	return n, err
}

// answered passes on a query of a log that holds its reply as well; m is nil
// where there was none.
func answered(v Visitor, q *Query, m *dns.Msg) error {
	if err := v.Query(q); err != nil || m == nil {
		return err
	}
	return v.Reply(q, m)
}
