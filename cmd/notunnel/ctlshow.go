package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/dustin/go-humanize"
	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/notunnel/notunnel/plugin/admin"
)

// onTerminal is text that people wrote, without what would move a terminal's cursor.
func onTerminal(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\ufffd'
	}, s)
}

// readReply reads a reply.
func readReply[T any](reply []byte) (v T, err error) {
	if err := json.Unmarshal(reply, &v); err != nil {
		return v, fmt.Errorf("the server does not answer as this build expects it: %w", err)
	}
	return v, nil
}

// when is a time as people read it, "" for none.
func when(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.Local().Format(time.DateTime)
}

func size(n uint64) string { return humanize.IBytes(n) }

// ofLimit is what was spent of a limit.
func ofLimit(n uint64, limit *uint64) string {
	if limit == nil {
		return size(n)
	}
	return size(n) + " of " + size(*limit)
}

func render(out io.Writer, none string, head table.Row, rows []table.Row) error {
	if len(rows) == 0 {
		_, err := fmt.Fprintln(out, none)
		return err
	}
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.AppendHeader(head)
	t.SetColumnConfigs([]table.ColumnConfig{{Name: "scope", WidthMax: widestSLD}, {Name: "SLD", WidthMax: widestSLD}, {Name: "name", WidthMax: widestSLD}})
	t.AppendRows(rows)
	_, err := fmt.Fprintln(out, t.Render())
	return err
}

func showFlags(out io.Writer, reply []byte) error {
	all, err := readReply[struct{ Flags []admin.Flag }](reply)
	if err != nil {
		return err
	}
	return flagTable(out, all.Flags)
}

func showFlag(out io.Writer, reply []byte) error {
	f, err := readReply[admin.Flag](reply)
	if err != nil {
		return err
	}
	return flagTable(out, []admin.Flag{f})
}

func flagTable(out io.Writer, flags []admin.Flag) error {
	var rows []table.Row
	for _, f := range flags {
		why := make([]string, 0, len(f.Reasons)+len(f.Names))
		for _, r := range f.Reasons {
			why = append(why, onTerminal(r.Text))
		}
		why = append(why, f.Names...)
		client, mark := f.Client, ""
		if f.Everyone {
			client += "\nand everyone"
		}
		if f.Mark != nil {
			mark = strings.TrimSpace(*f.Mark + "\n" + onTerminal(f.Note))
		}
		rows = append(rows, table.Row{
			f.ID, f.Scope, client, f.Ground, fmt.Sprintf("%.2f", f.Score), f.Blocked, size(f.UpBytes), when(&f.Since), when(&f.Until), mark, strings.Join(why, "\n"),
		})
	}
	return render(out, "nobody is blocked", table.Row{"ID", "scope", "client", "ground", "score", "blocked", "went out", "since", "until", "mark", "why, and names"}, rows)
}

func showWatch(out io.Writer, reply []byte) error {
	all, err := readReply[struct{ Watch []admin.Watched }](reply)
	if err != nil {
		return err
	}
	var rows []table.Row
	for _, w := range all.Watch {
		score := ""
		if w.Score != nil {
			score = fmt.Sprintf("%.2f", *w.Score)
		}
		rows = append(rows, table.Row{w.SLD, w.Client, w.Standing, w.Verdict, score, ofLimit(w.UpBytes, w.UpLimit), ofLimit(w.DownBytes, w.DownLimit), when(&w.Last), w.Name})
	}
	return render(out, "nobody is suspected, or near a budget", table.Row{"SLD", "client", "standing", "verdict", "score", "went out", "came in", "last", "name"}, rows)
}

func showAllowed(out io.Writer, reply []byte) error {
	all, err := readReply[struct {
		admin.Allowance
		Allow   []admin.Allowance
		Removed bool
	}](reply)
	switch {
	case err != nil:
		return err
	case all.Removed:
		_, err := fmt.Fprintln(out, "taken back")
		return err
	case all.Domain != "":
		all.Allow = []admin.Allowance{all.Allowance}
	}
	return allowanceTable(out, all.Allow)
}

func allowanceTable(out io.Writer, allowances []admin.Allowance) error {
	var rows []table.Row
	for _, a := range allowances {
		client, until := "everyone", "taken back"
		if a.Client != nil {
			client = *a.Client
		}
		if a.Until != nil {
			until = when(a.Until)
		}
		rows = append(rows, table.Row{a.Domain, client, when(&a.Since), until, onTerminal(a.Reason)})
	}
	return render(out, "nothing is allowed but by lists", table.Row{"domain", "client", "since", "until", "reason"}, rows)
}

func showReleased(out io.Writer, reply []byte) error {
	n, err := readReply[struct{ Released int }](reply)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d released\n", n.Released)
	return err
}

func showPause(out io.Writer, reply []byte) error {
	p, err := readReply[struct {
		Until *time.Time `json:"paused_until"`
	}](reply)
	if err != nil {
		return err
	}
	text := "queries are judged"
	if p.Until != nil {
		text = "every query passes until " + when(p.Until)
	}
	_, err = fmt.Fprintln(out, text)
	return err
}

// lines writes pairs of a name and a value below each other; an empty value is left out.
func lines(out io.Writer, pairs ...string) error {
	width := 0
	for i := 0; i < len(pairs); i += 2 {
		width = max(width, len(pairs[i]))
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			continue
		}
		value := strings.ReplaceAll(pairs[i+1], "\n", "\n"+strings.Repeat(" ", width+2))
		if _, err := fmt.Fprintf(out, "%-*s  %s\n", width, pairs[i], value); err != nil {
			return err
		}
	}
	return nil
}

func showStatus(out io.Writer, reply []byte) error {
	s, err := readReply[admin.Status](reply)
	if err != nil {
		return err
	}
	state, paused := "none: what is known is gone with a restart", ""
	if s.State != nil {
		state = s.State.File
		if s.State.Saved != nil {
			state += ", written " + when(s.State.Saved)
		}
		if s.State.Failure != "" {
			state += "\nNOT WRITTEN: " + onTerminal(s.State.Failure)
		}
	}
	if s.PausedUntil != nil {
		paused = "UNTIL " + when(s.PausedUntil) + ": every query passes"
	}
	return lines(out,
		"paused", paused,
		"mode", s.Mode, "answer", s.Action, "since", when(&s.Since), "flags", fmt.Sprintf("%d of at most %d", s.Flags, s.FlagCapacity),
		"windows", fmt.Sprintf("%d of at most %d, %d evicted", s.Windows, s.Capacity, s.Evictions),
		"allowances", fmt.Sprint(s.Allowances), "marks", fmt.Sprint(s.Marks), "state", state,
		"models", s.Models[:min(12, len(s.Models))], "suffix list", s.Suffixes, "version", s.Version)
}

func showLists(out io.Writer, reply []byte) error {
	l, err := readReply[admin.Lists](reply)
	if err != nil {
		return err
	}
	files := func(paths []string) string { return strings.Join(paths, "\n") }
	if err := lines(out,
		"allowed", fmt.Sprint(l.Allow.Count), "from", files(l.Allow.Files),
		"denied", fmt.Sprintf("%d, and %d that are exempted from it", l.Deny.Count, l.Deny.Exempted), "from", files(l.Deny.Files),
		"", onTerminal(l.Deny.LeftOut), "", onTerminal(l.Deny.Allowed), "denied by people", strings.Join(l.Deny.Confirmed, "\n"),
		"popular", fmt.Sprintf("%d, and %d listed", l.Popular.Popular, l.Popular.Listed), "from", l.Popular.File,
		"exempt", strings.Join(l.Exempt, "\n")); err != nil {
		return err
	}
	var rows []table.Row
	for _, e := range l.Allow.Domains {
		rows = append(rows, table.Row{e.Domain, onTerminal(e.Reason)})
	}
	return render(out, "", table.Row{"allowed", "reason"}, rows)
}
