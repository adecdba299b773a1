package main

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// composed is a query of a composed log, and how much payload a receiver would decode
// from it and from its reply.
type composed struct {
	at      time.Duration // since the log begins
	client  string
	sld     string
	name    string
	qtype   string  // "" is A
	answers string  // JSON, "" is none
	up      float64 // bits in the query
	down    float64 // bits in the reply
}

// oneKiB is the dial that most of these tests turn to.
const oneKiB = "1KiB,8KiB,1KiB"

var logBegin = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// passes replays a log and says of each query whether it passed. Queries that are
// withheld their replies do not pass.
func passes(t *testing.T, log []composed, args ...string) (passed []bool) {
	t.Helper()
	slices.SortStableFunc(log, func(a, b composed) int { return int(a.at - b.at) })
	var text, out, errs bytes.Buffer
	for i := range log {
		q := &log[i]
		qtype, answers := q.qtype, q.answers
		if qtype == "" {
			qtype = "A"
		}
		if answers == "" {
			answers = "[]"
		}
		at := logBegin.Add(q.at)
		fmt.Fprintf(&text, "%d.%06d\t%s\t%s\t%s\t0\t%s\n", at.Unix(), at.Nanosecond()/1000, q.client, q.name, qtype, answers)
	}
	path := filepath.Join(t.TempDir(), "log.tsv")
	write(t, path, text.String())
	if status := run(append(append([]string{"scan", "--json", "--queries"}, args...), path), &out, &errs); status != 0 {
		t.Fatalf("status %d: %s", status, &errs)
	}
	lines := bufio.NewScanner(&out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if bytes.HasPrefix(lines.Bytes(), []byte(`{"type":"query"`)) {
			passed = append(passed, bytes.Contains(lines.Bytes(), []byte(`"verdict":"pass"`)))
		}
	}
	if len(passed) != len(log) {
		t.Fatalf("%d queries are reported, %d were asked", len(passed), len(log))
	}
	return passed
}

// amount is payload at a time.
type amount struct {
	at   time.Duration
	bits float64
}

// mostOfADay is the most payload in any 24 hours, in bytes.
func mostOfADay(all []amount) (most float64) {
	sum, first := 0., 0
	for _, a := range all {
		sum += a.bits
		for ; a.at-all[first].at >= 24*time.Hour; first++ {
			sum -= all[first].bits
		}
		most = max(most, sum/8)
	}
	return most
}

// leaks are the payloads that passed, up and down, by what key makes of a query. To
// ask for the very last name and type again carries nothing but a number.
type leaks struct{ up, down map[string][]amount }

func leaksOf(log []composed, passed []bool, key func(*composed) string) leaks {
	l, last := leaks{map[string][]amount{}, map[string][]amount{}}, map[string]string{}
	for i := range log {
		q := &log[i]
		if !passed[i] {
			continue
		}
		pair, event := q.client+" "+q.sld, q.name+" "+q.qtype
		if last[pair] != event {
			l.up[key(q)] = append(l.up[key(q)], amount{q.at, q.up})
		}
		last[pair] = event
		l.down[key(q)] = append(l.down[key(q)], amount{q.at, q.down})
	}
	return l
}

func byPair(q *composed) string   { return q.client + " " + q.sld }
func byClient(q *composed) string { return q.client }

// way writes the i-th query of a tunnel below an SLD: its name, type and reply, and
// the payload in them.
type way func(r *rand.Rand, i int, sld string) composed

// drip is a tunnel that asks at equal intervals.
func drip(client, sld string, every, length time.Duration, seed uint64, write way) (log []composed) {
	r := rand.New(rand.NewPCG(seed, 7))
	for i := 0; time.Duration(i)*every < length; i++ {
		q := write(r, i, sld)
		q.at, q.client, q.sld = time.Duration(i)*every, client, sld
		log = append(log, q)
	}
	return log
}

// labelFor makes an SLD's label of what a case is called.
func labelFor(name string) string {
	return strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			return c
		}
		return '-'
	}, strings.ToLower(name))
}
