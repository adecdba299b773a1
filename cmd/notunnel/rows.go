package main

import (
	"encoding/csv"
	"io"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/cmd/notunnel/capture"
	"github.com/notunnel/notunnel/model"
	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/model/forest"
	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/split"
	"github.com/notunnel/notunnel/plugin/standing"
	"github.com/notunnel/notunnel/plugin/subject"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// Rows are cut where a pair's evidence has grown by a fifth since the last
// one, from half of the floor on: every stage of a window's life, with few
// that say the same. A session that comes to so many queries on less evidence has one
// row, for it to be counted.
const (
	firstInformation = 48
	firstEvents      = 3
	growth           = 1.2
	countedQueries   = 6
)

// rowColumns go before the features.
var rowColumns = []string{"label", "tool", "source", "sld", "file", "session", "composed", "allowed", "standing", "queries", "events", "information"}

// rowWriter replays logs through an engine that only observes, and writes the
// windows as the forest would see them: with the deciding query in, without
// its reply.
type rowWriter struct {
	out      *csv.Writer
	models   *model.Models
	allow    *verdict.AllowList
	sources  []source
	standing *standing.List // nil: every SLD is judged alike
	rows     int
	sessions int

	source source
	file   string
	engine *detect.Engine
	clock  clock
	pairs  map[pairKey]*rowPair

	decision detect.Decision
}

// pairKey is an SLD and a client.
type pairKey struct {
	sld    string
	client subject.Client
}

// rowPair is a pair so far.
type rowPair struct {
	number  int // of the session, among all files
	queries int
	next    float64 // queries at which the next row is due
	counted bool    // there was one
}

func newRowWriter(out io.Writer, models *model.Models, sources []source, columns ...[]string) (*rowWriter, error) {
	observers := *models
	observers.Forest = nil
	w := &rowWriter{out: csv.NewWriter(out), models: &observers, allow: verdict.Shipped(), sources: sources}
	return w, w.out.Write(slices.Concat(columns...))
}

// open begins a file: sessions do not span files.
func (w *rowWriter) open(file string) (err error) {
	if w.source, err = sourceOf(w.sources, file); err != nil {
		return err
	}
	config := detect.Default()
	config.Models, config.Standing = w.models, standing.Shipped()
	config.Thresholds, config.Budget = forest.All(1), meter.Limits{} // any: nothing is judged or refused
	w.file, w.clock, w.pairs = filepath.Base(file), clock{}, map[pairKey]*rowPair{}
	w.engine, err = detect.New(config, nil)
	return err
}

// observe passes a query on to the engine. ok is false if it is of no interest: not
// judged, or of a stray domain.
func (w *rowWriter) observe(q *capture.Query) (key pairKey, k kind, ok bool) {
	d := &w.decision
	w.engine.Query(detect.Query{Name: q.Name, Type: q.Type, Client: q.Client, Source: "file:" + w.file, At: w.clock.at(q.At)}, d)
	q.Data = d.Ticket
	if d.Why != detect.Judged {
		return key, k, false
	}
	key = pairKey{string(d.SLD()), d.Client}
	k, ok = w.source.of(key.sld, q.Source)
	return key, k, ok
}

// Query implements capture.Visitor.
func (w *rowWriter) Query(q *capture.Query) error {
	key, k, ok := w.observe(q)
	if !ok {
		return nil
	}
	d := &w.decision
	p := w.pairs[key]
	if p == nil {
		w.sessions++
		p = &rowPair{number: w.sessions}
		w.pairs[key] = p
	}
	if p.queries++; float64(p.queries) < p.next {
		return nil
	}
	sum, ok := w.engine.Summary(d)
	if !ok || sum.Information() < firstInformation || sum.Acts() < firstEvents {
		if !ok || p.counted || p.queries < countedQueries {
			return nil
		}
	} else {
		p.next = float64(p.queries) * growth
	}
	p.counted = true
	return w.row(k, p, sum)
}

// Reply implements capture.Visitor.
func (w *rowWriter) Reply(q *capture.Query, m *dns.Msg) error {
	if t, ok := q.Data.(detect.Ticket); ok {
		w.engine.Reply(t, m, w.clock.now)
	}
	return nil
}

func (w *rowWriter) row(k kind, p *rowPair, sum *feature.Summary) error {
	d := &w.decision
	row := []string{bit(k.tunnel), k.tool, w.source.origin, split.Text(d.SLD()), w.file, strconv.Itoa(p.number), bit(k.composed), bit(w.allow.Covers(d.Full())), w.engine.Standing(d.SLD()).String(),
		strconv.Itoa(p.queries), strconv.Itoa(sum.Acts()), strconv.Itoa(sum.Information())}
	for _, v := range sum.Vector() {
		row = append(row, strconv.FormatFloat(float64(v), 'g', -1, 32))
	}
	w.rows++
	return w.out.Write(row)
}

func bit(is bool) string {
	if is {
		return "1"
	}
	return "0"
}
