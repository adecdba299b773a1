package events

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/split"
	"github.com/notunnel/notunnel/plugin/subject"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// encode is the event as JSON, without line breaks.
func (e *Event) encode(version string) ([]byte, error) {
	f := &e.Flag
	sld, scope, client := split.Text([]byte(f.SLD)), split.Text([]byte(f.Scope)), f.Client.String()
	out := finding{
		CategoryUID: categoryUID, CategoryName: "Findings", ClassUID: classUID, ClassName: "Detection Finding",
		Time: e.At.UnixMilli(), Count: f.Blocked,
		Metadata: metadata{
			Version: schema, Profiles: []string{"security_control"},
			Product: product{Name: "notunnel", Vendor: "notunnel", Version: version},
		},
		Info: info{
			Types: []string{"DNS tunnel"}, Created: f.Since.UnixMilli(), Last: f.Last.UnixMilli(),
			Attacks: overDNS,
		},
		Observables: []observed{{Name: "unmapped.scope", TypeID: 1, Type: "Hostname", Value: scope}},
		Unmapped: unmapped{
			Event: e.Kind.String(), Mode: "block", SLD: sld, Scope: scope, Client: client, Standing: e.Standing, Ground: f.Ground.String(),
			Queries: f.Queries, Blocked: f.Blocked, Leaked: f.LeakedBytes, Up: f.UpBytes, Down: f.DownBytes,
			UpLimit: e.UpLimit, DownLimit: e.DownLimit, Names: f.Names(), Reasons: append([]flags.Reason{}, f.Reasons...),
		},
	}
	if e.Monitor {
		out.Unmapped.Mode = "monitor"
	}
	if !f.First.IsZero() {
		out.Info.First = f.First.UnixMilli()
	}
	out.Info.Analytic = analyticOf(f.Ground)
	if f.Ground == verdict.Model {
		percent := int(math.Round(100 * f.Score))
		out.Confidence, out.Unmapped.Score = &percent, &f.Score
	}
	e.tell(&out, scope, client)
	out.of(&f.Client, client)
	out.Metadata.UID = fmt.Sprintf("%s-%s-%d", out.Info.UID, e.Kind, out.Time)
	return json.Marshal(&out)
}

// analyticOf says what found it. What has no ground yet is found by what a budget counts.
func analyticOf(g verdict.Ground) analytic {
	name, kind := cmp.Or(g, verdict.Budget).String(), rule
	if g == verdict.Model {
		kind = learning
	}
	return analytic{UID: name, Name: name, TypeID: kind.id, Type: kind.caption}
}

// tell fills in what depends on what happened.
func (e *Event) tell(out *finding, scope, client string) {
	f := &e.Flag
	activity, severity, status := create, high, isNew
	action, disposition := denied, blocked
	out.Info.UID = fmt.Sprintf("%s-%x", flags.IDText(f.ID), f.Since.Unix())
	out.Unmapped.Flag = flags.IDText(f.ID)
	out.Info.Title = fmt.Sprintf("%s: %s", scope, f.Ground.Said())
	out.Info.Desc = fmt.Sprintf("What %s asks for below %s: %s. %s", client, scope, f.Ground.Said(), flags.Line(f.Reasons))
	out.Message = fmt.Sprintf("flagged %s for %s", scope, client)
	switch e.Kind {
	case Ended:
		activity, severity, status = closed, informational, resolved
		action, disposition = permitted, released
		if e.Why == flags.Allowed {
			status = suppressed
		}
		out.Unmapped.Why, out.StatusDetail = e.Why.String(), e.Why.String()
		out.Message = fmt.Sprintf("released %s for %s: %s, %d queries were blocked", scope, client, e.Why, f.Blocked)
	case Spent:
		severity = low
		if e.Share == Half {
			severity = medium
		}
		action, disposition = permitted, detected
		out.Info.UID = fmt.Sprintf("budget-%x-%s-%s-%s", f.Since.Unix(), e.Share, scope, client)
		out.Info.Title = fmt.Sprintf("%s: %s of a day's budget of information is spent", scope, e.Share)
		out.Info.Desc = fmt.Sprintf("%s has told the servers of %s %s in 24 hours, of %s, and got %s told, of %s.",
			client, scope, humanize.IBytes(f.UpBytes), limit(e.UpLimit), humanize.IBytes(f.DownBytes), limit(e.DownLimit))
		out.Message = fmt.Sprintf("%s of a budget is spent by %s below %s", e.Share, client, scope)
		out.Unmapped.Flag, out.Unmapped.Names = "", []string{e.Name}
	}
	if e.Monitor {
		action, disposition = permitted, detected
	}
	out.ActivityID, out.ActivityName = activity.id, activity.caption
	out.TypeUID, out.TypeName = 100*classUID+activity.id, out.ClassName+": "+activity.caption
	out.SeverityID, out.Severity = severity.id, severity.caption
	out.StatusID, out.Status = status.id, status.caption
	out.ActionID, out.Action = action.id, action.caption
	out.DispositionID, out.Disposition = disposition.id, disposition.caption
}

// Shares of a budget that are told of.
const (
	Quarter = "a quarter"
	Half    = "half"
)

func limit(bytes uint64) string {
	if bytes == 0 {
		return "any amount"
	}
	return humanize.IBytes(bytes)
}

// of says whose it is.
func (f *finding) of(c *subject.Client, name string) {
	source := endpoint{Name: name}
	id := c.ID()
	switch network, ok := c.Network(); {
	case ok && network.IsSingleIP():
		source.IP = network.Addr().String()
		f.Observables = append(f.Observables, observed{Name: "evidences[].src_endpoint.ip", TypeID: 2, Type: "IP Address", Value: source.IP})
	case id.Kind == subject.MAC:
		source.MAC = name[len("mac:"):]
		f.Observables = append(f.Observables, observed{Name: "evidences[].src_endpoint.mac", TypeID: 3, Type: "MAC Address", Value: source.MAC})
	}
	f.Evidences = []evidence{}
	for _, name := range f.Unmapped.Names {
		f.Evidences = append(f.Evidences, evidence{Source: source, Query: query{Hostname: name}})
	}
	if len(f.Evidences) == 0 {
		f.Evidences = append(f.Evidences, evidence{Source: source, Query: query{Hostname: f.Unmapped.Scope}})
	}
}

// stamp is a time as syslog has it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }
