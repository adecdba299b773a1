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

// session is what one client asks below one SLD, or below a few in turn.
type session struct {
	family string
	slds   []string
	next   namer
	names  int     // new names to ask for
	again  float64 // chance that a query repeats a name of the last dozen
	poll   namer   // makes the names of polls, which are no new ones; nil for none
	polls  float64 // chance that a query is a poll
	habits *habits
}

const recent = 12

// write writes the session's queries. A client asks under no other SLDs, so
// sessions need not be interleaved.
func (l *log) write(r *rand.Rand, s *session) {
	l.client++
	client := fmt.Sprintf("10.%d.%d.%d", l.client>>16&255, l.client>>8&255, l.client&255)
	var seen []string
	for asked := 0; asked < s.names; {
		var name string
		if s.poll != nil && r.Float64() < s.polls {
			name = full(s.poll(), s.slds[asked%len(s.slds)])
		} else if len(seen) > 0 && r.Float64() < s.again {
			name = seen[len(seen)-1-r.IntN(min(len(seen), recent))]
		} else {
			name = full(s.next(), s.slds[asked%len(s.slds)])
			asked++
			if name == "" {
				continue
			}
			seen = append(seen, name)
		}
		for _, qtype := range s.habits.types(r) {
			for range 1 + s.habits.repeats(r) {
				rcode, answers := s.habits.reply(r, qtype, name)
				fmt.Fprintf(l.out, "%.6f\t%s\t%s\t%d\t%s\t%s\tcomposed-%s\n", l.now, client, name, qtype, rcode, answers, s.family)
				l.now += 0.001 + 0.05*r.Float64()
			}
		}
		l.now += s.habits.gap(r)
	}
}

// full is the name in presentation form, "" if it would be too long.
func full(prefix, sld string) string {
	if prefix == "" {
		return sld
	}
	if len(prefix)+1+len(sld) > 253 {
		return ""
	}
	return escape(prefix) + "." + sld
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
