package lab

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// Log keeps what a process writes. Safe for concurrent use.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Contains reports whether s has been written.
func (l *Log) Contains(s string) bool { return strings.Contains(l.String(), s) }

// Count is how often s has been written.
func (l *Log) Count(s string) int { return strings.Count(l.String(), s) }

// Flag is the log line of a flagged pair.
type Flag struct {
	SLD, Scope, Client, Ground, Action, Reasons string
	Score                                       float64
	Queries, LeakedBytes                        int
}

var flagLine = regexp.MustCompile(
	`flagged sld=(\S+) scope=(\S+) client=(\S+) ground=(\S+) score=([\d.]+) queries=(\d+) leaked_bytes=(\d+) action=(\S+) reasons=("(?:[^"\\]|\\.)*")`)

// Flags are the pairs flagged so far. A flag line of another form than the
// contract's is an error.
func (l *Log) Flags() ([]Flag, error) {
	var found []Flag
	for line := range strings.Lines(l.String()) {
		if !strings.Contains(line, "flagged ") {
			continue
		}
		m := flagLine.FindStringSubmatch(line)
		if m == nil {
			return nil, fmt.Errorf("a flag line in no known form: %s", line)
		}
		f := Flag{SLD: m[1], Scope: m[2], Client: m[3], Ground: m[4], Action: m[8]}
		// The expression lets numbers and quoted strings through only.
		f.Score, _ = strconv.ParseFloat(m[5], 64)
		f.Queries, _ = strconv.Atoi(m[6])
		f.LeakedBytes, _ = strconv.Atoi(m[7])
		f.Reasons, _ = strconv.Unquote(m[9])
		found = append(found, f)
	}
	return found, nil
}
