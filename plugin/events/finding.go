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

// Of the Open Cybersecurity Schema Framework: the version that findings are in, and the
// class Detection Finding in the category Findings.
const (
	schema      = "1.5.0"
	categoryUID = 2
	classUID    = 2004
)

// named is a value of an enumeration, by its number and caption.
type named struct {
	id      int
	caption string
}

var (
	create = named{1, "Create"}
	closed = named{3, "Close"}

	informational = named{1, "Informational"}
	low           = named{2, "Low"}
	medium        = named{3, "Medium"}
	high          = named{4, "High"}

	isNew      = named{1, "New"}
	suppressed = named{3, "Suppressed"}
	resolved   = named{4, "Resolved"}

	permitted = named{1, "Allowed"}
	denied    = named{2, "Denied"}

	blocked  = named{2, "Blocked"}
	detected = named{15, "Detected"}
	released = named{1, "Allowed"}

	rule     = named{1, "Rule"}
	learning = named{4, "Learning (ML/DL)"}
)

// finding is an event in OCSF's form. What that has no place for is in unmapped.
type finding struct {
	ActivityID    int        `json:"activity_id"`
	ActivityName  string     `json:"activity_name"`
	CategoryUID   int        `json:"category_uid"`
	CategoryName  string     `json:"category_name"`
	ClassUID      int        `json:"class_uid"`
	ClassName     string     `json:"class_name"`
	TypeUID       int        `json:"type_uid"`
	TypeName      string     `json:"type_name"`
	Time          int64      `json:"time"` // ms since 1970, as all times
	SeverityID    int        `json:"severity_id"`
	Severity      string     `json:"severity"`
	StatusID      int        `json:"status_id"`
	Status        string     `json:"status"`
	StatusDetail  string     `json:"status_detail,omitempty"`
	Message       string     `json:"message"`
	Confidence    *int       `json:"confidence_score,omitempty"` // percent
	ActionID      int        `json:"action_id"`
	Action        string     `json:"action"`
	DispositionID int        `json:"disposition_id"`
	Disposition   string     `json:"disposition"`
	Count         uint64     `json:"count,omitempty"`
	Metadata      metadata   `json:"metadata"`
	Info          info       `json:"finding_info"`
	Evidences     []evidence `json:"evidences"`
	Observables   []observed `json:"observables"`
	Unmapped      unmapped   `json:"unmapped"`
}

type metadata struct {
	Version  string   `json:"version"`
	Profiles []string `json:"profiles"`
	UID      string   `json:"uid"` // of the event: what comes twice is one
	Product  product  `json:"product"`
}

type product struct {
	Name    string `json:"name"`
	Vendor  string `json:"vendor_name"`
	Version string `json:"version"`
}

type info struct {
	UID      string   `json:"uid"` // the same when it ends
	Title    string   `json:"title"`
	Desc     string   `json:"desc"`
	Types    []string `json:"types"`
	Created  int64    `json:"created_time"`
	First    int64    `json:"first_seen_time,omitempty"`
	Last     int64    `json:"last_seen_time"`
	Analytic analytic `json:"analytic"`
	Attacks  []attack `json:"attacks"`
}

type analytic struct {
	UID    string `json:"uid"`
	Name   string `json:"name"`
	TypeID int    `json:"type_id"`
	Type   string `json:"type"`
}

// attack is a technique of MITRE ATT&CK.
type attack struct {
	Tactic    labelled `json:"tactic"`
	Technique labelled `json:"technique"`
}

type labelled struct {
	UID  string `json:"uid"`
	Name string `json:"name"`
}

var overDNS = []attack{
	{Tactic: labelled{"TA0011", "Command and Control"}, Technique: labelled{"T1071.004", "Application Layer Protocol: DNS"}},
	{Tactic: labelled{"TA0010", "Exfiltration"}, Technique: labelled{"T1048", "Exfiltration Over Alternative Protocol"}},
}

type evidence struct {
	Source endpoint `json:"src_endpoint"`
	Query  query    `json:"query"`
}

type endpoint struct {
	Name string `json:"name"`
	IP   string `json:"ip,omitempty"`
	MAC  string `json:"mac,omitempty"`
}

type query struct {
	Hostname string `json:"hostname"`
}

type observed struct {
	Name   string `json:"name"`
	TypeID int    `json:"type_id"`
	Type   string `json:"type"`
	Value  string `json:"value"`
}

// unmapped is what notunnel calls it elsewhere.
type unmapped struct {
	Event     string         `json:"event"`
	Mode      string         `json:"mode"`
	Flag      string         `json:"flag,omitempty"`
	SLD       string         `json:"sld"`
	Scope     string         `json:"scope"`
	Client    string         `json:"client"`
	Standing  string         `json:"standing"`
	Ground    string         `json:"ground,omitempty"`
	Score     *float64       `json:"score,omitempty"`
	Queries   uint64         `json:"queries"`
	Blocked   uint64         `json:"blocked"`
	Leaked    uint64         `json:"leaked_bytes"`
	Up        uint64         `json:"up_bytes"`
	Down      uint64         `json:"down_bytes"`
	UpLimit   uint64         `json:"up_limit_bytes,omitempty"`
	DownLimit uint64         `json:"down_limit_bytes,omitempty"`
	Why       string         `json:"why,omitempty"`
	Names     []string       `json:"names"`
	Reasons   []flags.Reason `json:"reasons"`
}

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
