package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/notunnel/notunnel/cmd/notunnel/capture"
)

// standardInput is what a file is called that is none.
const standardInput = "-"

// read replays the files in order for a command. Files that cannot be read are named, and
// keep nothing from being said of the others: unread says then how many there are. If none
// can be read, or the replay fails, err says so.
func (r *replay) read(in capture.Options, paths []string, v capture.Visitor, command string, stderr io.Writer) (unread, err error) {
	failed := r.files(in, paths, v, stderr)
	switch {
	case r.failed != nil:
		return nil, r.failed
	case len(failed) == len(paths):
		return nil, errors.Join(failed...)
	}
	for _, err := range failed {
		fmt.Fprintf(stderr, "notunnel %s: %v\n", command, err)
	}
	if len(failed) > 0 {
		unread = fmt.Errorf("%d of %d files could not be read, the report is of the others", len(failed), len(paths))
	}
	return unread, nil
}

// files replays the files, one after the other, and says of each on stderr what was left out of it
// and how it was taken. It returns the errors of those that cannot be read.
func (r *replay) files(in capture.Options, paths []string, v capture.Visitor, stderr io.Writer) (unread []error) {
	for _, path := range paths {
		stats, err := r.file(in, path, v, stderr)
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

func (r *replay) file(in capture.Options, path string, v capture.Visitor, stderr io.Writer) (stats capture.Stats, err error) {
	f, name := os.Stdin, "standard input"
	if path != standardInput {
		name = path
	}
	r.open(name)
	if path != standardInput {
		if f, err = os.Open(path); err != nil {
			return stats, err
		}
		defer f.Close()
	}
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		in.Modified = info.ModTime()
	}
	judge := newPipeline(v)
	progress := fileProgress(f, stderr, func() int { return judge.queries })
	defer progress.finish()
	stats, err = in.Visit(progress, name, judge)
	if failed := judge.finish(); failed != nil {
		return stats, failed
	}
	return stats, err
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
	if r.timeless.N > 0 {
		fmt.Fprintf(stderr, "%s: %d queries do not tell when: each is taken as a second after the one before\n", path, r.timeless.N)
	}
	for _, note := range stats.Notes.Sentences() {
		fmt.Fprintf(stderr, "%s: %s\n", path, note)
	}
}

// open begins a file. Clients that it does not name are one, called after it.
func (r *replay) open(path string) {
	r.nameless, r.anonymous, r.timeless = capture.Count{}, capture.Count{}, capture.Count{}
	base := filepath.Base(path)
	if other, taken := r.opened[base]; taken && other != path {
		base = path
	} else {
		r.opened[base] = path
	}
	r.source = fileClient + base
}
