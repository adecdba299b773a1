package admin

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/notunnel/notunnel/plugin/domain"
	"github.com/notunnel/notunnel/plugin/subject"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// Allowance is an allowance as the interface shows it.
type Allowance struct {
	Domain string     `json:"domain"`
	Client *string    `json:"client"` // null: everyone
	Since  time.Time  `json:"since"`
	Until  *time.Time `json:"until"` // null: until it is taken back
	Reason string     `json:"reason"`
}

func showAllowance(a *verdict.Allowance) Allowance {
	shown := Allowance{Domain: a.Domain, Since: a.Since.UTC(), Reason: a.Reason}
	if !a.Client.Nobody() {
		client := a.Client.String()
		shown.Client = &client
	}
	if !a.Until.IsZero() {
		until := a.Until.UTC()
		shown.Until = &until
	}
	return shown
}

// log is the allowance as the log has it.
func (a *Allowance) log() string {
	client, until := "", "taken back"
	if a.Client != nil {
		client = *a.Client
	}
	if a.Until != nil {
		until = a.Until.Format(time.RFC3339)
	}
	return fmt.Sprintf("domain=%s client=%s until=%q reason=%q", a.Domain, orEveryone(client), until, a.Reason)
}

func orEveryone(client string) string { return cmp.Or(client, "everyone") }

func (a *api) allowances(*http.Request) (any, error) {
	shown := []Allowance{}
	for _, one := range a.backend.Engine().Allowances(a.backend.Now()) {
		shown = append(shown, showAllowance(&one))
	}
	return map[string]any{"allow": shown}, nil
}

// mostSpan is the longest time that can be said.
const mostSpan = 10 * 365 * 24 * time.Hour

// span reads a time such as 90s, 30m or 1h30m.
func span(text string, least, most time.Duration) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d < least || d > most {
		return 0, fmt.Errorf("for: %.40q is not a time from %v to %v, such as 90s, 30m or 1h", text, least, most)
	}
	return d, nil
}

func (a *api) allow(r *http.Request) (any, error) {
	var said struct {
		Domain string  `json:"domain"`
		Client string  `json:"client"`
		For    *string `json:"for"`
		Reason string  `json:"reason"`
	}
	if err := body(r, &said); err != nil {
		return nil, err
	}
	var d time.Duration
	if said.For != nil {
		var err error
		if d, err = span(*said.For, time.Millisecond, mostSpan); err != nil {
			return nil, bad(err)
		}
	}
	now := a.backend.Now()
	allowance, err := verdict.NewAllowance(said.Domain, said.Client, said.Reason, d, now)
	if err != nil {
		return nil, bad(err)
	}
	if err := a.backend.Engine().Allow(allowance, now); err != nil {
		return nil, &refusal{status: http.StatusConflict, text: err.Error()}
	}
	shown := showAllowance(&allowance)
	a.backend.Told("allowed " + shown.log())
	a.events.publish("allowed", shown)
	return shown, nil
}

func (a *api) disallow(r *http.Request) (any, error) {
	query := r.URL.Query()
	name, err := domain.Canonical(query.Get("domain"))
	if err != nil {
		return nil, bad(fmt.Errorf("domain: %w", err))
	}
	var client subject.Client
	if text := query.Get("client"); text != "" {
		if client, err = subject.ReadClient(text); err != nil {
			return nil, bad(fmt.Errorf("client: %w", err))
		}
	}
	if !a.backend.Engine().Disallow(name, client) {
		return nil, bad(fmt.Errorf("there is no allowance of %s for that client: GET allow lists them", name))
	}
	a.backend.Told(fmt.Sprintf("took back domain=%s client=%s", name, orEveryone(query.Get("client"))))
	a.events.publish("disallowed", map[string]string{"domain": name, "client": query.Get("client")})
	return map[string]bool{"removed": true}, nil
}

// mostPause is the longest pause. Who wants more sets mode monitor.
const mostPause = 24 * time.Hour

var errNoSpan = errors.New(`for is missing: {"for":"10m"} lets everything pass for ten minutes, {"for":"0s"} ends that`)

// pause lets every query pass for a while, or ends that.
func (a *api) pause(r *http.Request) (any, error) {
	var said struct {
		For *string `json:"for"`
	}
	if err := body(r, &said); err != nil {
		return nil, err
	}
	if said.For == nil {
		return nil, bad(errNoSpan)
	}
	d, err := span(*said.For, 0, mostPause)
	if err != nil {
		return nil, bad(err)
	}
	var until time.Time
	if d > 0 {
		until = a.backend.Now().Add(d)
	}
	a.backend.Pause(until)
	answer := map[string]any{"paused_until": orNull(until)}
	a.events.publish("paused", answer)
	return answer, nil
}

// orNull is a time, or null for none.
func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
