package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/notunnel/notunnel/cmd/notunnel/capture"
)

// standardInput is what a file is called that is none.
const standardInput = "-"

// files replays the files, and says of each on stderr what was left out of it
// and how it was taken. It returns the errors of those that cannot be read.
func (r *replay) files(in capture.Options, paths []string, stderr io.Writer) (unread []error) {
	for _, path := range paths {
		stats, err := r.file(in, path, stderr)
		if r.failed != nil {
			return unread
		}
		if err != nil {
			unread = append(unread, err)
		}
		r.account(path, stats, stderr)
	}
	return unread
}

func (r *replay) file(in capture.Options, path string, stderr io.Writer) (stats capture.Stats, err error) {
	f, name := os.Stdin, "standard input"
	if path != standardInput {
		name = path
		if f, err = os.Open(path); err != nil {
			return stats, err
		}
		defer f.Close()
	}
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		in.Modified = info.ModTime()
	}
	progress := fileProgress(f, stderr, func() int { return r.queries })
	defer progress.finish()
	r.open(name)
	return in.Visit(progress, name, r)
}

// account adds up what was left out, and says so.
func (r *replay) account(path string, stats capture.Stats, stderr io.Writer) {
	tell := func(what string, c capture.Count) {
		if c.N > 0 {
			fmt.Fprintf(stderr, "%s: %d %s, first: %s\n", path, c.N, what, c.First)
		}
	}
	r.malformed += stats.Malformed.N + r.nameless.N
	r.truncated += stats.Truncated.N
	tell("without a name that can be cut", r.nameless)
	tell("undecodable", stats.Malformed)
	tell("cut short", stats.Truncated)
	stats.Skipped.Each(func(kind string, c capture.Count) {
		r.skipped[kind] += c.N
		tell("left out: "+kind, c)
	})
	if r.anonymous.N > 0 {
		fmt.Fprintf(stderr, "%s: %d queries do not tell who asked: they count as those of one client, %s\n", path, r.anonymous.N, r.source)
	}
	for _, note := range stats.Notes.Sentences() {
		fmt.Fprintf(stderr, "%s: %s\n", path, note)
	}
}

// open begins a file. Clients that it does not name are one, called after it.
func (r *replay) open(path string) {
	r.nameless, r.anonymous = capture.Count{}, capture.Count{}
	base := filepath.Base(path)
	if other, taken := r.opened[base]; taken && other != path {
		base = path
	} else {
		r.opened[base] = path
	}
	r.source = "file:" + base
}
