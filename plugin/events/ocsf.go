package events

import "github.com/notunnel/notunnel/plugin/flags"

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
