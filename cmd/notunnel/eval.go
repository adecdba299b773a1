package main

import (
	"encoding/json"
	"io"

	"github.com/notunnel/notunnel/cmd/notunnel/capture"
	"github.com/notunnel/notunnel/model/forest"
	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/standing"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// runEval is "notunnel eval": it passes labelled logs through the engine that
// serves, as scan does, and tells of every session what became of it. No allow
// list is in force; each line says whether the shipped one covers the session,
// so that both figures come out of one run.
func runEval(args []string, stdout, stderr io.Writer) int {
	var o replayOptions
	c := newCommandLine("eval", "[--sources TABLE] [--threshold X] [--model DIR] FILE...",
		"FILE is any log that notunnel scan reads. One JSON object a session goes to standard output.")
	c.files = true
	table := c.String("sources", "model/train/sources.tsv", "what each file is: pattern, label, tool, source, SLDs")
	c.Float64Var(&o.threshold, "threshold", 0, "score in (0,1] from which a pair is flagged (default: the model's own)")
	c.StringVar(&o.model, "model", "", "folder of the models (default: the embedded ones)")
	return c.run(args, stdout, stderr, func(files []string) error {
		return evaluate(o, *table, files, stdout)
	})
}

// evaluate judges each file by an engine of its own: sessions do not span files.
func evaluate(o replayOptions, table string, files []string, stdout io.Writer) error {
	sources, err := readSources(table)
	if err != nil {
		return err
	}
	config := detect.Default()
	config.Thresholds, config.Budget = forest.All(o.threshold), meter.Limits{} // the model alone is measured
	if config.Models, err = o.models(); err != nil {
		return err
	}
	config.Standing = standing.Shipped()
	shipped, out := verdict.Shipped(), json.NewEncoder(stdout)
	for _, file := range files {
		source, err := sourceOf(sources, file)
		if err != nil {
			return err
		}
		engine, err := detect.New(config, nil)
		if err != nil {
			return err
		}
		e := &evaluator{replay: newReplay(engine, true), source: source, allow: shipped, sessions: map[*pair]*session{}}
		e.open(file)
		if _, err := capture.Read(file, e); err != nil {
			return err
		}
		for _, p := range e.accounts.open() {
			if s := e.session(p); s != nil {
				if err := out.Encode(s); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// evaluator is a replay that knows what each session is.
type evaluator struct {
	*replay
	source   source
	allow    *verdict.AllowList
	sessions map[*pair]*session
}

// session is a line of the report; score is the highest, or the one that
// blocked. Queries that were blocked count as queries.
type session struct {
	File          string  `json:"file"`
	Tunnel        bool    `json:"tunnel"`
	Tool          string  `json:"tool"`
	Source        string  `json:"source"`
	SLD           string  `json:"sld"`
	Client        string  `json:"client"`
	Composed      bool    `json:"composed"`
	Allowed       bool    `json:"allowed"`
	Queries       int     `json:"queries"`
	Prefixes      int     `json:"prefixes"`
	Verdict       string  `json:"verdict"`
	Score         float64 `json:"score"`
	LeakedQueries int     `json:"leaked_queries"`
	LeakedBytes   int     `json:"leaked_bytes"`
	Standing      string  `json:"standing"`
	Up            uint64  `json:"up_bytes"` // metered information that passed
	Down          uint64  `json:"down_bytes"`

	seen map[string]bool
}

// Query implements capture.Visitor.
func (e *evaluator) Query(q *capture.Query) error {
	p, err := e.judge(q)
	if p == nil || err != nil {
		return err
	}
	d := &e.decision
	k, ok := e.source.of(string(d.SLD()), q.Source)
	if !ok {
		return nil // a stray domain
	}
	s := e.sessions[p]
	if s == nil {
		s = &session{Tunnel: k.tunnel, Tool: k.tool, Source: e.source.origin, Composed: k.composed, seen: map[string]bool{}}
		e.sessions[p] = s
	}
	s.Allowed = s.Allowed || e.allow.Covers(d.Full())
	s.seen[string(d.Prefix())] = true
	return nil
}

// session is the line on a pair, nil if it is a stray one.
func (e *evaluator) session(p *pair) *session {
	s := e.sessions[p]
	if s == nil {
		return nil
	}
	s.File, s.SLD, s.Client = e.replay.source[len("file:"):], p.sld, p.client
	s.Queries, s.Prefixes = p.queries, len(s.seen)
	s.Verdict, s.Score = p.verdict.String(), max(p.score, 0)
	s.LeakedQueries, s.LeakedBytes = p.leaked, p.leakedBytes
	s.Standing, s.Up, s.Down = p.standing, p.up.Bytes(), p.down.Bytes()
	return s
}
