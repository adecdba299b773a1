package flags

import (
	"time"

	"github.com/notunnel/notunnel/plugin/subject"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// Saved is a flag as it is written down.
type Saved struct {
	ID, Pair    uint64
	SLD, Scope  []byte // they need not be text
	Client      subject.Client
	Ground      verdict.Ground
	Score       float64
	Reasons     []Reason
	Since, Last time.Time
	First       time.Time `json:",omitzero"` // zero: not known
	Queries     uint64
	LeakedBytes uint64
	UpBytes     uint64
	DownBytes   uint64
	Blocked     uint64
	Samples     [][]byte
}

// Save is the flag as it is written down.
func (f *Flag) Save() Saved {
	s := Saved{
		ID: f.ID, SLD: []byte(f.SLD), Scope: []byte(f.Scope), Client: f.Client, Ground: f.Ground, Score: f.Score, Reasons: f.Reasons,
		Since: f.Since, Last: f.Last, First: f.First, Queries: f.Queries, LeakedBytes: f.LeakedBytes, UpBytes: f.UpBytes, DownBytes: f.DownBytes,
		Blocked: f.Blocked,
	}
	for _, sample := range f.samples {
		if sample != "" {
			s.Samples = append(s.Samples, []byte(sample))
		}
	}
	return s
}

// Flag is the flag that was written down.
func (s *Saved) Flag() Flag {
	f := Flag{
		ID: s.ID, SLD: string(s.SLD), Scope: string(s.Scope), Client: s.Client, Ground: s.Ground, Score: s.Score, Reasons: s.Reasons,
		Since: s.Since, Last: s.Last, First: s.First, Until: s.Last, Queries: s.Queries, LeakedBytes: s.LeakedBytes, UpBytes: s.UpBytes,
		DownBytes: s.DownBytes, Blocked: s.Blocked,
	}
	for i, sample := range s.Samples[:min(len(s.Samples), maxSamples)] {
		f.samples[i] = string(sample[:min(len(sample), maxSample+1)])
	}
	return f
}

// Save is what Restore takes.
func (t *Table) Save() (all []Saved) {
	for i := range t.shards {
		sh := &t.shards[i]
		sh.mu.Lock()
		for _, h := range sh.values() {
			s := h.Flag.Save()
			s.Pair = h.pair
			all = append(all, s)
		}
		sh.mu.Unlock()
	}
	return all
}

// Restore takes over flags of a table under the same key, as Inherit does. A flag of no
// ground is left out.
func (t *Table) Restore(all []Saved) {
	flags := make([]held, 0, len(all))
	for i := range all {
		if f := all[i].Flag(); f.Ground != verdict.NoGround {
			flags = append(flags, held{&f, all[i].Pair})
		}
	}
	t.take(flags)
}
