package notunnel

import (
	"runtime/debug"
	"time"

	"github.com/notunnel/notunnel/plugin/admin"
	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/forecast"
	"github.com/notunnel/notunnel/plugin/split/psl"
	"github.com/notunnel/notunnel/plugin/watch"
)

// What follows implements admin.Backend.

// Engine is the engine as it is now.
func (s *sharedEngine) Engine() *detect.Engine { return s.engine() }

// Watched are the pairs that are worth a look.
func (s *sharedEngine) Watched() *watch.Table { return s.watched }

// Observer has what a forecast rests on.
func (s *sharedEngine) Observer() *forecast.Observer { return s.observer }

// Now is the time by which queries are judged.
func (s *sharedEngine) Now() time.Time { return now() }

// Changed has flags and orders written down soon.
func (s *sharedEngine) Changed() {
	if store := s.store.Load(); store != nil {
		store.Changed()
	}
}

// Told logs what a person said, and has it written down soon.
func (s *sharedEngine) Told(what string) {
	log.Infof("by a person: %s", what)
	s.Changed()
}

// Pause lets every query pass for a while, or ends that with the zero time.
func (s *sharedEngine) Pause(until time.Time) { s.pause.set(until) }

// Paused is until when every query passes, the zero time if none does.
func (s *sharedEngine) Paused() time.Time { return s.pause.at() }

// Count is what the engine holds and has evicted so far.
func (s *sharedEngine) Count() (windows int, evicted uint64) { return s.count() }

// State is how the state file does, nil if there is none.
func (s *sharedEngine) State() *admin.State {
	if s.config.state == "" {
		return nil
	}
	shown := &admin.State{File: s.config.state}
	if store := s.store.Load(); store != nil {
		at, failure := store.Status()
		shown.Saved = &at
		if failure != nil {
			shown.Failure = failure.Error()
		}
	}
	return shown
}

// Settings are what the Corefile says.
func (s *sharedEngine) Settings() admin.Settings {
	c := s.config.engine
	shown := admin.Settings{
		Mode: "block", Action: "nxdomain", Since: s.begun.UTC(), BlockFor: c.BlockFor.String(), Window: c.Window.String(),
		Capacity: c.Capacity, Models: s.watch.inForce().Models.ID, Suffixes: psl.Version, Version: version(),
	}
	if s.config.monitor {
		shown.Mode = "monitor"
	}
	if s.config.refuse {
		shown.Action = "refused"
	}
	return shown
}

// version is that of this build.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}

// Lists are the lists in force.
func (s *sharedEngine) Lists() (l admin.Lists) {
	c := s.watch.inForce()
	l.Allow = admin.AllowList{Files: orEmpty(s.config.allowFiles), Count: c.Allow.Len(), Domains: []admin.Entry{}}
	for domain, reason := range c.Allow.First(mostShown) {
		l.Allow.Domains = append(l.Allow.Domains, admin.Entry{Domain: domain, Reason: reason})
	}
	l.Deny = admin.DenyList{Files: orEmpty(s.config.denyFiles)}
	if c.Deny != nil {
		both := c.Deny.Allowed()
		l.Deny.Count, l.Deny.Exempted = c.Deny.Len()
		l.Deny.LeftOut, l.Deny.Allowed = c.Deny.LeftOut().String(), both.String()
	}
	l.Popular.File = s.config.popular
	l.Popular.Popular, l.Popular.Listed = c.Standing.Len()
	l.Exempt = []string{}
	for _, network := range c.Exempt {
		l.Exempt = append(l.Exempt, network.String())
	}
	return l
}

// mostShown is how many domains of a list are shown.
const mostShown = 4096

// orEmpty is a list that JSON writes as [], not as null.
func orEmpty(list []string) []string { return append([]string{}, list...) }
