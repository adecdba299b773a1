package main

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
)

// log writes a DNS log, session after session.
type log struct {
	file   *os.File
	zip    *gzip.Writer
	out    *bufio.Writer
	client uint32
	now    float64
}

func newLog(path string) (*log, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	z := gzip.NewWriter(f)
	return &log{file: f, zip: z, out: bufio.NewWriterSize(z, 1<<16), now: 1.7e9}, nil
}

func (l *log) close() error {
	return errors.Join(l.out.Flush(), l.zip.Close(), l.file.Close())
}

// The queries of a session.
const (
	fewest = 8
	most   = 220
)

// session writes one client's queries below one SLD. A client asks under one
// SLD only, so sessions need not be interleaved.
func (l *log) session(r *rand.Rand, family, sld string, next namer, usual string) {
	l.client++
	client := fmt.Sprintf("10.%d.%d.%d", l.client>>16&255, l.client>>8&255, l.client&255)
	h := newHabits(r, usual)
	for range int(logUniform(r, fewest, most)) {
		prefix := next()
		if len(prefix)+1+len(sld) > 253 {
			continue
		}
		name := sld
		if prefix != "" {
			name = escape(prefix) + "." + sld
		}
		for _, qtype := range h.types(r, prefix) {
			for range 1 + h.repeats(r) {
				rcode, answers := h.reply(r, qtype, name)
				fmt.Fprintf(l.out, "%.6f\t%s\t%s\t%d\t%s\t%s\tcomposed-%s\n", l.now, client, name, qtype, rcode, answers, family)
				l.now += 0.001 + 0.05*r.Float64()
			}
		}
		l.now += h.gap(r)
	}
}

// escape writes a prefix in presentation form (RFC 1035, section 5.1).
func escape(prefix string) string {
	var b strings.Builder
	for _, c := range []byte(prefix) {
		switch {
		case c <= ' ' || c >= 0x7f:
			fmt.Fprintf(&b, "\\%03d", c)
		case strings.IndexByte(`"();@$\`, c) >= 0:
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
