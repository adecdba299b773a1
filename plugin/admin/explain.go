package admin

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/split"
	"github.com/notunnel/notunnel/plugin/subject"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// Explanation is what is known of a name and a client.
type Explanation struct {
	Name      string         `json:"name"`
	Client    *string        `json:"client"` // null: none was asked for
	SLD       string         `json:"sld"`
	Standing  string         `json:"standing"`
	Judged    string         `json:"judged"`            // judged, or why not: the reasons of the metric unjudged_total
	Because   string         `json:"because,omitempty"` // why it is not judged, or what denies it, in words
	Verdict   string         `json:"verdict"`           // on an A query that came now
	Ground    *string        `json:"ground"`            // null unless blocked
	Scope     *string        `json:"scope"`             // null unless blocked
	Said      string         `json:"said,omitempty"`
	Score     *float64       `json:"score"` // null without a window
	Threshold float64        `json:"threshold"`
	Base      *float64       `json:"base"`     // score of a window of which nothing is known; null without a window
	Features  []flags.Reason `json:"features"` // all, strongest first: with base they add up to the score; null without a window
	Reasons   []flags.Reason `json:"reasons"`
	UpBytes   uint64         `json:"up_bytes"`
	DownBytes uint64         `json:"down_bytes"`
	UpLimit   *uint64        `json:"up_limit_bytes"` // null without one
	DownLimit *uint64        `json:"down_limit_bytes"`
	Allowed   []Allowance    `json:"allowances"` // that cover it
	Flag      *Flag          `json:"flag"`       // null without one in force
}

var (
	errNoName = errors.New("name is missing: explain?name=www.example.com&client=192.0.2.1")
	errBad    = errors.New("is no name of the DNS")
)

// Subject is a name and a client, "" for none, as people write them for Explain.
func Subject(name, client string) (who subject.Client, err error) {
	var n split.Name
	if len(name) > 4*split.MaxName+4 || n.Parse(name) == split.Malformed {
		return who, fmt.Errorf("name: %.80q %w", name, errBad)
	}
	if client == "" {
		return who, nil
	}
	if who, err = subject.ReadClient(client); err != nil {
		return who, fmt.Errorf("client: %w", err)
	}
	return who, nil
}

func (a *api) explain(r *http.Request) (any, error) {
	query := r.URL.Query()
	name := query.Get("name")
	if name == "" {
		return nil, bad(errNoName)
	}
	who, err := Subject(name, query.Get("client"))
	if err != nil {
		return nil, bad(err)
	}
	return a.explanation(name, who), nil
}

func (a *api) explanation(name string, client subject.Client) *Explanation {
	return Explain(a.backend.Engine(), name, client, a.backend.Now())
}

// Explain tells what an engine knows of a name and a client. It changes nothing.
func Explain(e *detect.Engine, name string, client subject.Client, now time.Time) *Explanation {
	q := detect.Query{Name: name, Type: dns.TypeA, Source: client.String(), ID: client.ID(), At: now}
	if network, ok := client.Network(); ok {
		q.Client = network.Addr()
	}
	var x detect.Explanation
	e.Explain(q, &x)
	shown := &Explanation{
		Name: split.Text(x.Full()), SLD: split.Text(x.SLD()), Standing: x.Standing.String(), Judged: x.Why.String(), Because: x.Because,
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
		var base float64
		shown.Features, base = e.Weights(x.Features)
		shown.Score, shown.Base = &x.Score, &base
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
