package main

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
)

// log writes a DNS log, client after client.
type log struct {
	file    *os.File
	zip     *gzip.Writer
	out     *bufio.Writer
	client  uint32
	now     float64
	queries []query // of the client that is being written
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

// client is what one client does at the same time.
type client []*session

// session is what one client asks below one SLD, or below a few.
type session struct {
	family string
	after  float64 // seconds after the client's first
	slds   []string
	turn   int // new names below an SLD before the next one's turn; 0: at random
	next   namer
	names  int     // new names to ask for
	again  float64 // chance that a query repeats a name of the last dozen
	poll   namer   // makes the names of polls, which are no new ones; nil for none
	polls  float64 // chance that a query is a poll
	habits *habits
}

// query is a line of a log.
type query struct {
	at             float64
	name           string
	qtype          int
	rcode, answers string
	family         string
}

const recent = 12

// write writes the client's queries, those of all its sessions by time.
func (l *log) write(r *rand.Rand, c client) {
	l.client++
	address := fmt.Sprintf("10.%d.%d.%d", l.client>>16&255, l.client>>8&255, l.client&255)
	l.queries = l.queries[:0]
	end := l.now
	for _, s := range c {
		var last float64
		l.queries, last = s.ask(r, l.now+s.after, l.queries)
		end = max(end, last)
	}
	if len(c) > 1 {
		slices.SortStableFunc(l.queries, func(a, b query) int { return cmp.Compare(a.at, b.at) })
	}
	for _, q := range l.queries {
		fmt.Fprintf(l.out, "%.6f\t%s\t%s\t%d\t%s\t%s\tcomposed-%s\n", q.at, address, q.name, q.qtype, q.rcode, q.answers, q.family)
	}
	l.now = end
}

// ask appends the session's queries from a time on, and says when it ends.
func (s *session) ask(r *rand.Rand, at float64, all []query) ([]query, float64) {
	var seen []string
	for asked := 0; asked < s.names; {
		var name string
		if s.poll != nil && r.Float64() < s.polls {
			name = full(s.poll(), s.sld(r, asked))
		} else if len(seen) > 0 && r.Float64() < s.again {
			name = seen[len(seen)-1-r.IntN(min(len(seen), recent))]
		} else {
			name = full(s.next(), s.sld(r, asked))
			asked++
			if name == "" {
				continue
			}
			seen = append(seen, name)
		}
		for _, qtype := range s.habits.types(r, name) {
			for range 1 + s.habits.repeats(r) {
				rcode, answers := s.habits.reply(r, qtype, name)
				all = append(all, query{at, name, qtype, rcode, answers, s.family})
				at += 0.001 + 0.05*r.Float64()
			}
		}
		at += s.habits.gap(r)
	}
	return all, at
}

// sld is the one below which the next name is.
func (s *session) sld(r *rand.Rand, asked int) string {
	if s.turn == 0 && len(s.slds) > 1 {
		return s.slds[r.IntN(len(s.slds))]
	}
	return s.slds[asked/max(s.turn, 1)%len(s.slds)]
}

// full is the name in presentation form, "" if it would be too long.
func full(prefix, sld string) string {
	if prefix == "" {
		return sld
	}
	if len(prefix)+1+len(sld) > maxName {
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
