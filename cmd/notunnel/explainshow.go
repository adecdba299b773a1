package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/plugin/admin"
	"github.com/notunnel/notunnel/plugin/flags"
)

func showExplanation(out io.Writer, reply []byte) error {
	x, err := readReply[admin.Explanation](reply)
	if err != nil {
		return err
	}
	return writeExplanation(out, &x)
}

// showWeights is showExplanation with all features.
func showWeights(out io.Writer, reply []byte) error {
	x, err := readReply[admin.Explanation](reply)
	if err != nil {
		return err
	}
	if err := writeExplanation(out, &x); err != nil {
		return err
	}
	if x.Score == nil || x.Base == nil {
		_, err := fmt.Fprintln(out, "there is no window now whose features could be shown: that of a flag is let go with the block, and its reasons are kept")
		return err
	}
	return writeWeights(out, x.Features, *x.Base, *x.Score)
}

// writeExplanation writes what is known of a name, with more pairs of a name and a value
// behind it.
func writeExplanation(out io.Writer, x *admin.Explanation, more ...string) error {
	client, score, scope := "any", "", ""
	if x.Client != nil {
		client = *x.Client
	}
	if x.Score != nil {
		score = fmt.Sprintf("%.3f, flagged from %.3f on", *x.Score, x.Threshold)
	}
	verdict := x.Verdict
	if x.Judged != "judged" && x.Ground == nil {
		verdict += ": " + x.Judged
	}
	if x.Ground != nil && x.Scope != nil {
		verdict, scope = fmt.Sprintf("%s, on the ground %s: %s", x.Verdict, *x.Ground, x.Said), *x.Scope
	}
	var why []string
	for _, r := range x.Reasons {
		why = append(why, onTerminal(r.Text))
	}
	flag := []string{"", ""}
	if f := x.Flag; f != nil {
		flag = []string{f.ID + ", since " + when(&f.Since) + ", until " + when(&f.Until), strings.Join(f.Names, "\n")}
	}
	pairs := append([]string{
		"name", x.Name, "client", client, "SLD", x.SLD, "standing", x.Standing, "verdict", verdict, "because", onTerminal(x.Because),
		"scope", scope, "score", score,
		"why", strings.Join(why, "\n"), "went out", ofLimit(x.UpBytes, x.UpLimit), "came in", ofLimit(x.DownBytes, x.DownLimit),
		"flag", flag[0], "blocked", flag[1]}, more...)
	if err := lines(out, pairs...); err != nil {
		return err
	}
	if len(x.Allowed) == 0 {
		return nil
	}
	return allowanceTable(out, x.Allowed)
}

// writeWeights writes what each feature adds to a score.
func writeWeights(out io.Writer, features []flags.Reason, base, score float64) error {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{"feature", "here", "benign", "from", "to", "adds"})
	t.SetColumnConfigs([]table.ColumnConfig{
		{Number: 2, Align: text.AlignRight}, {Number: 3, Align: text.AlignRight}, {Number: 4, Align: text.AlignRight},
		{Number: 5, Align: text.AlignRight}, {Number: 6, Align: text.AlignRight, AlignFooter: text.AlignRight},
	})
	t.Style().Format.Footer = text.FormatDefault
	for _, f := range features {
		shown := func(v float32) string { return feature.Shown(f.Feature, v) }
		t.AppendRow(table.Row{
			feature.Words(f.Feature), shown(float32(f.Value)), shown(f.Benign.Median), shown(f.Benign.Low), shown(f.Benign.High), fmt.Sprintf("%+.3f", f.Weight),
		})
	}
	t.AppendFooter(table.Row{"a window of which nothing is known", "", "", "", "", fmt.Sprintf("%.3f", base)})
	t.AppendFooter(table.Row{"score, the sum", "", "", "", "", fmt.Sprintf("%.3f", score)})
	_, err := fmt.Fprintln(out, t.Render())
	return err
}
