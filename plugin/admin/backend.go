package admin

import (
	"time"

	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/forecast"
	"github.com/notunnel/notunnel/plugin/watch"
)

// Backend is what a server shows and changes.
type Backend interface {
	Engine() *detect.Engine
	Watched() *watch.Table
	Observer() *forecast.Observer
	Settings() Settings
	Lists() Lists
	State() *State // nil without a state file

	Now() time.Time
	Told(what string)          // a person has said something: it is logged and kept
	Pause(until time.Time)     // lets every query pass until then
	Paused() (until time.Time) // zero if it is not
	Count() (int, uint64)      // windows held, and evicted
}

// Settings are what the Corefile says.
type Settings struct {
	Mode     string    `json:"mode"`   // block or monitor
	Action   string    `json:"action"` // nxdomain or refused
	Since    time.Time `json:"since"`  // the engine began then
	BlockFor string    `json:"block_for"`
	Window   string    `json:"window"`
	Capacity int       `json:"capacity"`
	Models   string    `json:"models"` // digest of the manifests
	Suffixes string    `json:"suffix_list"`
	Version  string    `json:"version"`
}

// State is the state file.
type State struct {
	File    string     `json:"file"`
	Saved   *time.Time `json:"saved"` // null before the engine has it
	Failure string     `json:"failure,omitempty"`
}

// Lists are the lists in force.
type Lists struct {
	Allow   AllowList   `json:"allow"`
	Deny    DenyList    `json:"deny"`
	Popular PopularList `json:"popular"`
	Exempt  []string    `json:"exempt"`
}

// AllowList is what is never judged.
type AllowList struct {
	Files   []string `json:"files"`
	Count   int      `json:"count"`
	Domains []Entry  `json:"domains"` // the first 4,096 by name
}

// Entry is a domain of a list.
type Entry struct {
	Domain string `json:"domain"`
	Reason string `json:"reason"`
}

// DenyList is what is always blocked.
type DenyList struct {
	Files     []string `json:"files"`
	Count     int      `json:"count"`
	Exempted  int      `json:"exempted"` // by response policy zones
	LeftOut   string   `json:"left_out,omitempty"`
	Allowed   string   `json:"allowed,omitempty"` // what is allowed as well
	Confirmed []string `json:"confirmed"`         // by people, for everyone
}

// PopularList is what has larger budgets.
type PopularList struct {
	File    string `json:"file,omitempty"` // empty: the shipped list, or none
	Popular int    `json:"popular"`
	Listed  int    `json:"listed"`
}
