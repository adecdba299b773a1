package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"time"
)

// scanOptions are what notunnel scan is asked for.
type scanOptions struct {
	replayOptions
	json, all bool
	queries   bool
	forms     bool
}

// runScan is "notunnel scan": it replays recorded traffic through the engine
// that serves, and reports what would have been blocked.
func runScan(args []string, stdout, stderr io.Writer) int {
	var o scanOptions
	c := newCommandLine("scan", "[--json] [--all] [options] FILE...",
		recordings)
	c.files, c.alone = true, "forms"
	c.BoolVar(&o.json, "json", false, "one JSON object a line: every blocked pair of SLD and client, then a summary")
	c.BoolVar(&o.all, "all", false, "report every judged pair, not the blocked ones alone")
	c.BoolVar(&o.queries, "queries", false, "with --json, one object for every query besides")
	c.BoolVar(&o.forms, "forms", false, "list the forms that are read, and no more")
	o.add(c)
	return c.run(args, stdout, stderr, func(files []string) error {
		if o.forms {
			return writeForms(stdout)
		}
		if err := o.check(c); err != nil {
			return err
		}
		out := bufio.NewWriterSize(stdout, 1<<16)
		err := scan(o, files, out, stderr)
		return errors.Join(err, out.Flush())
	})
}

// scan replays the files in order and writes the report.
func scan(o scanOptions, files []string, stdout, stderr io.Writer) error {
	begin := time.Now()
	in, err := o.input()
	if err != nil {
		return err
	}
	engine, err := o.engine(stderr)
	if err != nil {
		return err
	}
	r := newReplay(engine, o.all)
	if o.queries && !o.json {
		return errors.New("--queries goes with --json")
	}
	if o.json {
		lines := jsonLines(stdout)
		if o.queries {
			r.each = func(q *queryReport) error { return lines.Encode(q) }
		}
		r.accounts.closed = func(p *pair) {
			if r.reports(p) && r.failed == nil {
				r.failed = lines.Encode(p.report())
			}
		}
	} else {
		r.accounts.closed = func(p *pair) {
			if r.reports(p) {
				r.untold++
			}
		}
	}
	unread, err := r.read(in, files, r, "scan", stderr)
	if err != nil {
		return err
	}
	if err := r.flush(); err != nil {
		return err
	}
	write := r.writeTable
	if o.json {
		write = r.writeJSON
	}
	if r.untold > 0 {
		fmt.Fprintf(stderr, "%d pairs are not in the table, which holds %d: --json tells all\n", r.untold, mostPairs)
	}
	if err := write(stdout, time.Since(begin)); err != nil {
		return err
	}
	return unread
}
