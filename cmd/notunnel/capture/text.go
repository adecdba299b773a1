package capture

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/miekg/dns"
)

const (
	longest  = 4 << 20 // bytes of a line; longer ones are skipped
	excerpts = 60      // bytes of a line that are shown

	binarySniff = 4096 // bytes that tell a text from other files
)

// lineReader reads what one form says in a text. It keeps what the form needs
// to know from line to line, in bounded memory.
type lineReader interface {
	// read reports whether the line is of this form. It passes on what the line
	// tells; an error is that of a line that is of this form, and broken.
	read(l *line) (known bool, err error)
	// end is called after the last line. Only errors of the visitor count.
	end() error
}

// line is a line of a text, without what programs on its way have put before it.
type line struct {
	text    []byte    // valid until the next line
	at      time.Time // from what stood before the text, zero if nothing told
	host    string    // of syslog, "" if it was not told
	program string    // of syslog, likewise
	whole   bool      // it ends with a line end
	follows bool      // the line before was of the same form
}

// lineError is an error in a line of a text form.
type lineError struct {
	line int
	err  error
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %v", e.line, e.err) }
func (e *lineError) Unwrap() error { return e.err }

// What is wrong with a line of any form.
var (
	errCut    = errors.New("the line ends early")
	errNoDate = errors.New("there is no such date")
	errNoName = errors.New("no name was asked for")
)

// visitorError is one of the visitor, which ends the reading.
type visitorError struct{ error }

// watched is a visitor whose errors can be told from those of the text. It gets no
// query without a name.
type watched struct {
	Visitor
	queries int // told so far
}

func (w *watched) Query(q *Query) error {
	if q.Name == "" {
		return errNoName
	}
	w.queries++
	return ending(w.Visitor.Query(q))
}

func (w *watched) Reply(q *Query, m *dns.Msg) error { return ending(w.Visitor.Reply(q, m)) }

func ending(err error) error {
	if err != nil {
		return visitorError{err}
	}
	return nil
}

// endedBy is the visitor's error in err, nil if there is none.
func endedBy(err error) error {
	var of visitorError
	if errors.As(err, &of) {
		return of.error
	}
	return nil
}

// text is a text that is being read.
type text struct {
	*reading
	readers []textReader
	bare    bool       // nothing stands before lines
	last    int        // the form of the line before
	known   bool       // that of some line
	unknown *lineError // the first line of no known form
	broken  *lineError // the first that is broken
	tail    *lineError // the last, without its end
}

type textReader struct {
	name string
	lineReader
}

// readText reads a text line by line. Each line is offered to the form of the
// line before, and then to all in the order of the table.
func readText(in *bufio.Reader, r *reading) error {
	if isBinary(peeked(in, binarySniff)) {
		return errors.New(`neither a capture nor a text: "notunnel scan --forms" lists what is read`)
	}
	seen := &watched{Visitor: r.visitor}
	t := &text{reading: &reading{Options: r.Options, visitor: seen, stats: r.stats, times: r.times}}
	if r.Columns != nil {
		t.bare, t.readers = true, []textReader{{"--map", newColumnReader(t.reading)}}
	} else {
		for i := range Forms {
			if f := &Forms[i]; f.lines != nil {
				t.readers = append(t.readers, textReader{f.Name, f.lines(t.reading)})
			}
		}
	}
	if err := eachLine(in, r.stats, t.line); err != nil {
		return err
	}
	for _, f := range t.readers {
		if err := endedBy(f.end()); err != nil {
			return err
		}
	}
	switch {
	case t.known && (seen.queries > 0 || t.broken == nil):
		return nil
	case t.broken != nil:
		return t.broken
	case t.unknown != nil:
		return t.unknown
	case t.tail != nil:
		return t.tail
	}
	return errors.New("nothing but empty lines")
}

// isBinary reports whether a fifth of the bytes are control characters, as no text
// has them, not even one in which a crash has left zeros.
func isBinary(head []byte) bool {
	controls := 0
	for _, c := range head {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			controls++
		}
	}
	return controls > len(head)/5
}

// line reads a line. What cannot be read is counted.
func (t *text) line(n int, content []byte, whole bool) error {
	l := line{text: content, whole: whole}
	t.number = n
	if !t.bare {
		t.times.unwrap(&l)
	}
	if len(l.text) == 0 { // nothing but a time
		return nil
	}
	known, err := t.offer(t.last, &l, true)
	for i := 0; i < len(t.readers) && !known; i++ {
		if i != t.last {
			known, err = t.offer(i, &l, false)
		}
	}
	if err := endedBy(err); err != nil {
		return err
	}
	switch {
	case known && err == nil:
		t.known = true
		return nil
	case !whole: // its end is missing
		if t.stats.breaksOff("line %d: %s", n, excerpt(content)); err == nil {
			err = errUnknown(content)
		}
		t.tail = &lineError{n, err}
		return nil
	case err != nil:
		t.known = true
		t.stats.Malformed.Add("line %d: %v", n, err)
		t.stats.lines.Add("%d: %v", n, err)
		if t.broken == nil {
			t.broken = &lineError{n, err}
		}
		return nil
	}
	t.stats.skip("lines of no known form", "line %d: %s", n, excerpt(content))
	t.stats.lines.Add("%d: in no known form: %s", n, excerpt(content))
	if t.unknown == nil {
		t.unknown = &lineError{n, errUnknown(content)}
	}
	return nil
}

func errUnknown(content []byte) error {
	return fmt.Errorf(`in no known form: %s ("notunnel scan --forms" lists what is read, --map reads other columns)`, excerpt(content))
}

// offer offers a line to a form.
func (t *text) offer(i int, l *line, follows bool) (bool, error) {
	l.follows = follows && t.known
	known, err := t.readers[i].read(l)
	if !known {
		return false, nil
	}
	t.last = i
	if err != nil {
		err = fmt.Errorf("%s: %w", t.readers[i].name, err)
	}
	return true, err
}

// eachLine calls visit with every line but empty ones, without its end, and
// tells whether it had one. Lines that are too long are counted, and skipped in
// bounded memory.
func eachLine(in *bufio.Reader, stats *Stats, visit func(n int, content []byte, whole bool) error) error {
	var long []byte
	for n := 1; ; n++ {
		content, err := in.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			long = append(long[:0], content...)
			for err == bufio.ErrBufferFull {
				content, err = in.ReadSlice('\n')
				if len(long) <= longest {
					long = append(long, content...)
				}
			}
			if content = long; len(long) > longest {
				stats.Malformed.Add("line %d: longer than %d bytes", n, longest)
				stats.lines.Add("%d: longer than %d bytes", n, longest)
				long, content = nil, nil
			}
		}
		if err != nil && err != io.EOF {
			return &lineError{n, err}
		}
		whole := err == nil
		content = bytes.TrimSuffix(bytes.TrimSuffix(content, []byte{'\n'}), []byte{'\r'})
		if len(content) > 0 {
			if err := visit(n, content, whole); err != nil {
				return err
			}
		}
		if !whole {
			return nil
		}
	}
}

// excerpt is the beginning of a line, for people; nothing in it acts on a
// terminal.
func excerpt(content []byte) string {
	s := string(content[:min(len(content), excerpts)])
	if len(content) > excerpts {
		for s != "" && !utf8.ValidString(s) && len(s) > excerpts-utf8.UTFMax {
			s = s[:len(s)-1]
		}
		return fmt.Sprintf("%q…", s)
	}
	return fmt.Sprintf("%q", s)
}

// stateless is a form that needs to know nothing from line to line.
type stateless struct {
	*reading
	known func(r *reading, l *line) (bool, error)
}

func (s stateless) read(l *line) (bool, error) { return s.known(s.reading, l) }
func (stateless) end() error                   { return nil }

// rawName is a name whose writer escapes nothing, in presentation form.
func rawName(s string) string {
	if s == "" {
		return "."
	}
	return strings.ReplaceAll(s, `\`, `\\`)
}
