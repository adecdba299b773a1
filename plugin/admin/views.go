package admin

import (
	"net/http"
	"time"

	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/forecast"
	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/split"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// Status is how the engine does.
type Status struct {
	Settings
	At           time.Time  `json:"at"`
	PausedUntil  *time.Time `json:"paused_until"` // null unless everything passes
	Windows      int        `json:"windows"`
	Evictions    uint64     `json:"evictions"`
	Flags        int        `json:"flags"`
	FlagCapacity int        `json:"flag_capacity"`
	Allowances   int        `json:"allowances"`
	Marks        int        `json:"marks"`
	State        *State     `json:"state"` // null without a state file
}

func (a *api) status(*http.Request) (any, error) {
	e, now := a.backend.Engine(), a.backend.Now()
	windows, evicted := a.backend.Count()
	return Status{
		Settings: a.backend.Settings(), At: now.UTC(), PausedUntil: orNull(a.backend.Paused()), Windows: windows, Evictions: evicted,
		Flags: len(e.Flags().All(now)), FlagCapacity: flags.Capacity, Allowances: len(e.Allowances(now)), Marks: len(e.Marks()),
		State: a.backend.State(),
	}, nil
}

func (a *api) lists(*http.Request) (any, error) {
	lists := a.backend.Lists()
	lists.Deny.Confirmed = []string{}
	for _, m := range a.backend.Engine().Marks() {
		if m.Everyone {
			lists.Deny.Confirmed = append(lists.Deny.Confirmed, split.Text([]byte(m.Flag.Scope)))
		}
	}
	return lists, nil
}

func bytesOf(limit meter.Bits) *uint64 {
	if limit == 0 {
		return nil
	}
	n := limit.Bytes()
	return &n
}

// Watched is a pair that is worth a look.
type Watched struct {
	SLD       string    `json:"sld"`
	Client    string    `json:"client"`
	Standing  string    `json:"standing"`
	Verdict   string    `json:"verdict"` // watch if a model suspects it on too little evidence
	Score     *float64  `json:"score"`   // null unless suspected
	UpBytes   uint64    `json:"up_bytes"`
	DownBytes uint64    `json:"down_bytes"`
	UpLimit   *uint64   `json:"up_limit_bytes"` // null without one
	DownLimit *uint64   `json:"down_limit_bytes"`
	Name      string    `json:"name"` // the last one that it was noted for
	First     time.Time `json:"first"`
	Last      time.Time `json:"last"`
}

func (a *api) watched(*http.Request) (any, error) {
	e, shown := a.backend.Engine(), []Watched{}
	for _, p := range a.backend.Watched().All(a.backend.Now()) {
		limits := e.Limits([]byte(p.SLD))
		w := Watched{
			SLD: split.Text([]byte(p.SLD)), Client: p.Client.String(), Standing: e.Standing([]byte(p.SLD)).String(), Verdict: verdict.Pass.String(),
			UpBytes: p.Up, DownBytes: p.Down, UpLimit: bytesOf(limits.Up), DownLimit: bytesOf(limits.Down),
			Name: split.Text([]byte(p.Name)), First: p.First.UTC(), Last: p.Last.UTC(),
		}
		if p.Watched {
			w.Verdict, w.Score = verdict.Watch.String(), &p.Score
		}
		shown = append(shown, w)
	}
	return map[string]any{"watch": shown}, nil
}

// forecast tells what block mode would do, or does.
func (a *api) forecast(*http.Request) (any, error) {
	e := a.backend.Engine()
	from := forecast.Source{Mode: a.backend.Settings().Mode, Judged: -1, Capped: e.Budget() != (meter.Limits{}), Live: true}
	return a.backend.Observer().Make(e, from, a.backend.Now()), nil
}
