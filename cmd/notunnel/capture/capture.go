// Package capture reads what was recorded of DNS traffic as one sequence of
// queries and replies: captures of packets, dnstap, and the logs of resolvers
// and monitors. Forms is the table of what it reads.
//
// Forms are told apart by content, of text line by line, so that streams which
// mix them are read as well; any may be compressed. What cannot be read is
// counted by kind, and the rest is told: only a file of which nothing can be
// read is an error.
package capture

import (
	"bufio"
	"bytes"
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
	Host   string     // names the client where there is no address, "" if nothing does
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

// Options say of a record what it does not say itself. The zero value does for
// most.
type Options struct {
	Ports    []uint16  // where DNS is served; none: 53
	Columns  *Columns  // of text in a form of the reader's own; nil: the forms of the table
	Modified time.Time // when the file was last written, for times without a year; zero: now
}

// Read reads a file of which no line may be lost, as those that models are
// trained and measured on: a line that cannot be read is an error. Errors name
// the file.
func Read(path string, v Visitor) (Stats, error) {
	f, err := os.Open(path)
	if err != nil {
		return Stats{}, err
	}
	defer f.Close()
	stats, err := ReadFrom(f, path, v)
	if err == nil && stats.lines.N > 0 {
		err = fmt.Errorf("%s:%s", path, stats.lines.First)
	}
	return stats, err
}

// ReadFrom reads the content of the file called name, which errors will name.
func ReadFrom(r io.Reader, name string, v Visitor) (Stats, error) {
	return Options{}.Visit(r, name, v)
}

// sniffed is how many bytes of a file are looked at before it is read.
const sniffed = 1 << 16

// Visit reads the content of the file called name, which errors will name.
func (o Options) Visit(r io.Reader, name string, v Visitor) (stats Stats, err error) {
	in, err := unpacked(r, &stats)
	if err != nil {
		return stats, fmt.Errorf("%s: %w", name, err)
	}
	head, err := in.Peek(sniffed)
	if len(head) == 0 {
		if err != io.EOF {
			return stats, fmt.Errorf("%s: %w", name, err)
		}
		return stats, fmt.Errorf("%s: the file is empty", name)
	}
	read := readText
	for i := range Forms {
		if form := &Forms[i]; form.Is != nil && form.Is(head) {
			read = form.Read
			break
		}
	}
	if err = read(in, &reading{Options: o, visitor: v, stats: &stats, times: newCalendar(o, &stats)}); err != nil {
		var at *lineError
		if errors.As(err, &at) {
			return stats, fmt.Errorf("%s:%d: %w", name, at.line, at.err)
		}
		return stats, fmt.Errorf("%s: %w", name, err)
	}
	return stats, nil
}

// reading is a file that is being read.
type reading struct {
	Options
	visitor Visitor
	stats   *Stats
	times   *calendar
	number  int // of the line of a text
}

// skipLine counts the line as something whole that is not judged.
func (r *reading) skipLine(kind string) { r.stats.skip(kind, "line %d", r.number) }

// answered passes on a query of a log that holds its reply as well; m is nil
// where there was none.
func (r *reading) answered(q *Query, m *dns.Msg) error {
	if err := r.visitor.Query(q); err != nil || m == nil {
		return err
	}
	return r.visitor.Reply(q, m)
}

// answer is a reply of which no more is known than its code.
func answer(rcode int) *dns.Msg {
	return &dns.Msg{MsgHdr: dns.MsgHdr{Response: true, Rcode: rcode}}
}

// begins returns what a head of that beginning is.
func begins(magics ...string) func(head []byte) bool {
	return func(head []byte) bool {
		for _, magic := range magics {
			if bytes.HasPrefix(head, []byte(magic)) {
				return true
			}
		}
		return false
	}
}

// peeked is what comes next, without taking it: n bytes, or fewer at the end.
func peeked(in *bufio.Reader, n int) []byte {
	head, _ := in.Peek(n)
	return head
}
