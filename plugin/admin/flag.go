package admin

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/split"
)

// Flag is a flag as the interface shows it. Names are in presentation form.
type Flag struct {
	ID          string         `json:"id"`
	SLD         string         `json:"sld"`
	Scope       string         `json:"scope"`
	Client      string         `json:"client"`
	Standing    string         `json:"standing"`
	Ground      string         `json:"ground"`
	Score       float64        `json:"score"`
	First       *time.Time     `json:"first"` // when the first query of the window came; null if that is not known
	Since       time.Time      `json:"since"`
	Last        time.Time      `json:"last"`
	Until       time.Time      `json:"until"`
	Queries     uint64         `json:"queries"`
	Blocked     uint64         `json:"blocked"`
	LeakedBytes uint64         `json:"leaked_bytes"`
	UpBytes     uint64         `json:"up_bytes"`
	DownBytes   uint64         `json:"down_bytes"`
	Names       []string       `json:"names"`
	Reasons     []flags.Reason `json:"reasons"`
	Mark        *string        `json:"mark"` // null without one
	Note        string         `json:"note"`
	Everyone    bool           `json:"everyone"` // it blocks every client
}

// Show is a flag as the interface shows it.
func Show(e *detect.Engine, f *flags.Flag) Flag {
	shown := Flag{
		ID: flags.IDText(f.ID), SLD: split.Text([]byte(f.SLD)), Scope: split.Text([]byte(f.Scope)), Client: f.Client.String(),
		Standing: e.Standing([]byte(f.SLD)).String(), Ground: f.Ground.String(), Score: f.Score,
		First: orNull(f.First), Since: f.Since.UTC(), Last: f.Last.UTC(), Until: f.Until.UTC(), Queries: f.Queries, Blocked: f.Blocked,
		LeakedBytes: f.LeakedBytes, UpBytes: f.UpBytes, DownBytes: f.DownBytes, Names: f.Names(), Reasons: append([]flags.Reason{}, f.Reasons...),
	}
	if m, ok := e.MarkOf(f.ID); ok {
		opinion := string(m.Opinion)
		shown.Mark, shown.Note, shown.Everyone = &opinion, m.Note, m.Everyone
	}
	return shown
}

// find is the flag that a path names, by its ID or the beginning that a blocked client is
// told.
func (a *api) find(r *http.Request) (f flags.Flag, err error) {
	text := strings.ToLower(r.PathValue("id"))
	var found []flags.Flag
	if len(text) >= flags.ShortID {
		for _, f := range a.all() {
			if strings.HasPrefix(flags.IDText(f.ID), text) {
				found = append(found, f)
			}
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return f, bad(fmt.Errorf("there is no flag %.40q: GET flags lists them", text))
	}
	return f, bad(fmt.Errorf("%q is the beginning of the ids of %d flags: say more of it", text, len(found)))
}

// all are the flags in force, and those that were confirmed for everyone and so go on.
func (a *api) all() []flags.Flag {
	e := a.backend.Engine()
	all, there := e.Flags().All(a.backend.Now()), map[uint64]bool{}
	for _, f := range all {
		there[f.ID] = true
	}
	for _, m := range e.Marks() {
		if m.Everyone && !there[m.Flag.ID] {
			all = append(all, m.Flag)
		}
	}
	return all
}

func (a *api) flags(*http.Request) (any, error) {
	shown := []Flag{}
	for _, f := range a.all() {
		shown = append(shown, Show(a.backend.Engine(), &f))
	}
	return map[string]any{"flags": shown}, nil
}

func (a *api) releaseAll(*http.Request) (any, error) {
	n := a.backend.Engine().Release(func(uint64) bool { return true }, a.backend.Now())
	a.backend.Told(fmt.Sprintf("released all flags: %d", n))
	return map[string]int{"released": n}, nil
}

func (a *api) release(r *http.Request) (any, error) {
	f, err := a.find(r)
	if err != nil {
		return nil, err
	}
	n := a.backend.Engine().Release(func(id uint64) bool { return id == f.ID }, a.backend.Now())
	a.backend.Told("released " + about(&f))
	return map[string]int{"released": n}, nil
}

func (a *api) mark(r *http.Request) (any, error) {
	f, err := a.find(r)
	if err != nil {
		return nil, err
	}
	var said struct {
		Mark     flags.Opinion `json:"mark"`
		Note     string        `json:"note"`
		Everyone bool          `json:"everyone"`
	}
	if err := body(r, &said); err != nil {
		return nil, err
	}
	m := flags.Mark{Flag: f, Opinion: said.Mark, Note: said.Note, Everyone: said.Everyone, At: a.backend.Now()}
	if err := a.backend.Engine().Mark(m); err != nil {
		return nil, bad(err)
	}
	a.backend.Told(fmt.Sprintf("marked %s mark=%s everyone=%v note=%q", about(&f), m.Opinion, m.Everyone, m.Note))
	shown := Show(a.backend.Engine(), &f)
	a.events.publish("marked", shown)
	return shown, nil
}

// about says which flag it is, as the log does.
func about(f *flags.Flag) string {
	return fmt.Sprintf("scope=%s client=%s ground=%s", split.Text([]byte(f.Scope)), f.Client, f.Ground)
}

// caseOf is all that there is on a flag, to be filed.
func (a *api) caseOf(r *http.Request) (any, error) {
	f, err := a.find(r)
	if err != nil {
		return nil, err
	}
	now := a.explanation(split.Text([]byte(f.Scope)), f.Client)
	return map[string]any{
		"at": a.backend.Now().UTC(), "flag": Show(a.backend.Engine(), &f), "said": f.Ground.Said(), "now": now, "settings": a.backend.Settings(),
	}, nil
}
