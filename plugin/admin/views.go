package admin

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/meter"
	"github.com/notunnel/notunnel/plugin/split"
	"github.com/notunnel/notunnel/plugin/subject"
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

// Explanation is what is known of a name and a client.
type Explanation struct {
	Name      string             `json:"name"`
	Client    *string            `json:"client"` // null: none was asked for
	SLD       string             `json:"sld"`
	Standing  string             `json:"standing"`
	Judged    string             `json:"judged"`  // judged, or why not: the reasons of the metric unjudged_total
	Verdict   string             `json:"verdict"` // on an A query that came now
	Ground    *string            `json:"ground"`  // null unless blocked
	Scope     *string            `json:"scope"`   // null unless blocked
	Said      string             `json:"said,omitempty"`
	Score     *float64           `json:"score"` // null without a window
	Threshold float64            `json:"threshold"`
	Features  map[string]float64 `json:"features"` // null without a window
	Reasons   []flags.Reason     `json:"reasons"`
	UpBytes   uint64             `json:"up_bytes"`
	DownBytes uint64             `json:"down_bytes"`
	UpLimit   *uint64            `json:"up_limit_bytes"` // null without one
	DownLimit *uint64            `json:"down_limit_bytes"`
	Allowed   []Allowance        `json:"allowances"` // that cover it
	Flag      *Flag              `json:"flag"`       // null without one in force
}

var (
	errNoName = errors.New("name is missing: explain?name=www.example.com&client=192.0.2.1")
	errBad    = errors.New("is no name of the DNS")
)

func (a *api) explain(r *http.Request) (any, error) {
	query := r.URL.Query()
	name, client := query.Get("name"), query.Get("client")
	if name == "" {
		return nil, bad(errNoName)
	}
	var n split.Name
	if len(name) > 4*split.MaxName+4 || n.Parse(name) == split.Malformed {
		return nil, bad(fmt.Errorf("name: %.80q %w", name, errBad))
	}
	var who subject.Client
	if client != "" {
		var err error
		if who, err = subject.ReadClient(client); err != nil {
			return nil, bad(fmt.Errorf("client: %w", err))
		}
	}
	return a.explanation(name, who), nil
}

func (a *api) explanation(name string, client subject.Client) *Explanation {
	e, now := a.backend.Engine(), a.backend.Now()
	q := detect.Query{Name: name, Type: dns.TypeA, Source: client.String(), ID: client.ID(), At: now}
	if network, ok := client.Network(); ok {
		q.Client = network.Addr()
	}
	var x detect.Explanation
	e.Explain(q, &x)
	shown := &Explanation{
		Name: split.Text(x.Full()), SLD: split.Text(x.SLD()), Standing: x.Standing.String(), Judged: x.Why.String(),
		Verdict: x.Now.Verdict.String(), Said: x.Now.Ground.Said(), Threshold: x.Threshold, Reasons: append([]flags.Reason{}, x.Reasons...),
		UpBytes: x.Up.Bytes(), DownBytes: x.Down.Bytes(), UpLimit: bytesOf(x.Limits.Up), DownLimit: bytesOf(x.Limits.Down),
		Allowed: []Allowance{},
	}
	if !client.Nobody() {
		text := x.Client.String()
		shown.Client = &text
	}
	if x.Now.Verdict == verdict.Block {
		ground, scope := x.Now.Ground.String(), split.Text(x.Now.Scope)
		shown.Ground, shown.Scope = &ground, &scope
	}
	if x.Scored {
		shown.Score, shown.Features = &x.Score, map[string]float64{}
		for i, name := range feature.Names {
			shown.Features[name] = float64(x.Features[i])
		}
	}
	for _, one := range e.Allowances(now) {
		if one.Within(string(x.Full()), &x.Client) {
			shown.Allowed = append(shown.Allowed, showAllowance(&one))
		}
	}
	if x.Flag != nil {
		flag := Show(e, x.Flag)
		shown.Flag = &flag
	}
	return shown
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

// forecast is for the work that brings notunnel forecast.
func (a *api) forecast(*http.Request) (any, error) {
	return nil, &refusal{
		status: http.StatusNotImplemented,
		text:   "this build forecasts nothing from a running server: notunnel scan --all --budget off tells it of recorded traffic",
	}
}
