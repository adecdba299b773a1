package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// windowReport is a pair of SLD and client in the report of notunnel scan.
type windowReport struct {
	Type          string             `json:"type"` // "window"
	SLD           string             `json:"sld"`
	Scope         *string            `json:"scope"` // null unless blocked
	Client        string             `json:"client"`
	Standing      string             `json:"standing"`
	Verdict       string             `json:"verdict"`
	Ground        *string            `json:"ground"` // null unless blocked
	Score         float64            `json:"score"`
	Queries       int                `json:"queries"`
	First         seconds            `json:"first"`
	BlockedAt     *seconds           `json:"blocked_at"`
	LeakedQueries int                `json:"leaked_queries"`
	LeakedBytes   int                `json:"leaked_bytes"`
	UpBytes       uint64             `json:"up_bytes"`
	DownBytes     uint64             `json:"down_bytes"`
	Features      map[string]float64 `json:"features"`
	Reasons       []flags.Reason     `json:"reasons"`
}

// queryReport is a query in the report of notunnel scan --queries.
type queryReport struct {
	Type    string  `json:"type"` // "query"
	TS      seconds `json:"ts"`
	Client  string  `json:"client"`
	Name    string  `json:"name"` // as recorded
	QType   string  `json:"qtype"`
	Verdict string  `json:"verdict"`
	Ground  *string `json:"ground"` // null unless blocked
}

func (q *queryReport) block(g verdict.Ground) {
	ground := g.String()
	q.Verdict, q.Ground = verdict.Block.String(), &ground
}

// summaryReport ends the report.
type summaryReport struct {
	Type        string         `json:"type"` // "summary"
	Queries     int            `json:"queries"`
	SLDs        int            `json:"slds"`
	Clients     int            `json:"clients"`
	Windows     int            `json:"windows"`
	BlockedSLDs []string       `json:"blocked_slds"`
	Malformed   int            `json:"malformed"`
	Truncated   int            `json:"truncated"`
	Skipped     map[string]int `json:"skipped"` // by kind
	ElapsedS    float64        `json:"elapsed_s"`
}

// seconds since 1970, with the microseconds that logs have.
type seconds time.Time

func (s seconds) MarshalJSON() ([]byte, error) {
	t := time.Time(s)
	return fmt.Appendf(nil, "%d.%06d", t.Unix(), t.Nanosecond()/1000), nil
}

func (p *pair) report() windowReport {
	w := windowReport{
		Type: "window", SLD: p.sld, Client: p.client, Standing: p.standing, Verdict: p.verdict.String(), Score: p.score,
		Queries: p.queries, First: seconds(p.first), LeakedQueries: p.leaked, LeakedBytes: p.leakedBytes,
		UpBytes: p.up.Bytes(), DownBytes: p.down.Bytes(),
		Features: map[string]float64{}, Reasons: p.reasons,
	}
	if !p.blockedAt.IsZero() {
		at := seconds(p.blockedAt)
		w.BlockedAt, w.Ground, w.Scope = &at, &p.ground, &p.scope
	}
	for i, name := range feature.Names {
		w.Features[name] = float64(p.features[i])
	}
	return w
}

func (r *replay) summary(elapsed time.Duration) summaryReport {
	s := summaryReport{
		Type: "summary", Queries: r.queries, SLDs: len(r.accounts.slds), Clients: len(r.accounts.clients), Windows: r.accounts.windows,
		BlockedSLDs: slices.AppendSeq([]string{}, maps.Keys(r.accounts.blocked)), Malformed: r.malformed, Truncated: r.truncated, Skipped: r.skipped, ElapsedS: elapsed.Seconds(),
	}
	slices.Sort(s.BlockedSLDs)
	return s
}

// jsonLines writes one object a line.
func jsonLines(out io.Writer) *json.Encoder {
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	return lines
}

// writeJSON writes the report, an object a line.
func (r *replay) writeJSON(out io.Writer, elapsed time.Duration) error {
	lines := jsonLines(out)
	for _, p := range r.reported() {
		if err := lines.Encode(p.report()); err != nil {
			return err
		}
	}
	return lines.Encode(r.summary(elapsed))
}

// widestSLD is where a table wraps a name.
const widestSLD = 40

// writeTable writes the report for people.
func (r *replay) writeTable(out io.Writer, elapsed time.Duration) error {
	s := r.summary(elapsed)
	pairs := r.reported()
	if len(pairs) > 0 {
		t := table.NewWriter()
		t.SetStyle(table.StyleLight)
		t.AppendHeader(table.Row{"SLD", "client", "verdict", "score", "queries", "leaked", "leaked bytes", "blocked after", "why"})
		t.SetColumnConfigs([]table.ColumnConfig{
			{Number: 1, WidthMax: widestSLD},
			{Number: 4, Align: text.AlignRight}, {Number: 5, Align: text.AlignRight},
			{Number: 6, Align: text.AlignRight}, {Number: 7, Align: text.AlignRight},
			{Number: 8, Align: text.AlignRight},
		})
		for _, p := range pairs {
			row := table.Row{p.sld, p.client, p.verdict, fmt.Sprintf("%.2f", p.score), p.queries, "", "", "", strings.Join(flags.Texts(p.reasons), "\n")}
			if !p.blockedAt.IsZero() {
				row[5], row[6], row[7] = p.leaked, p.leakedBytes, p.blockedAt.Sub(p.first).Round(time.Millisecond)
			}
			t.AppendRow(row)
		}
		if _, err := fmt.Fprintln(out, t.Render()); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(out, "%d queries of %d clients under %d SLDs in %.1f s: %d SLDs blocked\n",
		s.Queries, s.Clients, s.SLDs, s.ElapsedS, len(s.BlockedSLDs))
	return err
}
