package notunnel

import (
	"bytes"
	"errors"
	"io"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/coredns/coredns/plugin"

	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/state"
)

// Snapshot implements state.Source.
func (s *sharedEngine) Snapshot() state.Snapshot {
	e := s.engine()
	bits4, bits6 := e.ClientBits()
	return state.Snapshot{
		Key: e.Key(), Bits4: bits4, Bits6: bits6, Monitor: s.config.monitor,
		Flags: e.Flags().Save(), Allowances: e.Allowances(now()), Marks: state.SaveMarks(e.Marks()),
	}
}

// SaveMeters implements state.Source.
func (s *sharedEngine) SaveMeters(w io.Writer) error { return s.engine().SaveMeters(w) }

var (
	errTakenOver = errors.New("this server took over what it had before the Corefile was reloaded")
	errNetworks  = errors.New("client_prefix was another one then: flags and meters begin anew, allowances and marks stay")
)

// openState makes an engine that begins with what the state file has. With an engine
// before it, that is in memory, and the file is of no use.
func openState(cfg *config, prev *detect.Engine) (*state.Store, *detect.Engine, error) {
	store, err := state.Open(cfg.state, log)
	if err != nil {
		return nil, nil, err
	}
	engine, err := begin(store, cfg, prev)
	if err != nil {
		store.Close()
		return nil, nil, err
	}
	return store, engine, nil
}

func begin(store *state.Store, cfg *config, prev *detect.Engine) (*detect.Engine, error) {
	if prev != nil {
		if err := store.SetAside(errTakenOver); err != nil {
			return nil, err
		}
		return detect.New(cfg.engine, prev)
	}
	l, err := store.Load()
	if err != nil || l.Snapshot == nil {
		return orNew(cfg, err)
	}
	if l.Snapshot.Bits4 != cfg.engine.Bits4 || l.Snapshot.Bits6 != cfg.engine.Bits6 {
		if err := store.SetAside(errNetworks); err != nil {
			return nil, err
		}
		l.Snapshot.Flags, l.Meters = nil, nil
	}
	config := cfg.engine
	config.Key = l.Snapshot.Key
	engine, err := detect.New(config, nil)
	if err != nil {
		return nil, err
	}
	if l.Meters != nil {
		if err := engine.RestoreMeters(bytes.NewReader(l.Meters)); err != nil {
			if err := store.SetAsideMeters(err); err != nil {
				return nil, err
			}
			if engine, err = detect.New(config, nil); err != nil {
				return nil, err
			}
		}
	}
	engine.Flags().Restore(l.Snapshot.Flags)
	engine.Order(l.Snapshot.Allowances, l.Snapshot.RestoreMarks())
	engine.SetAllow(cfg.engine.Allow) // it may have grown meanwhile
	log.Infof("state: %s of %s: %d flags, %d allowances, %d marks", store.Path(), l.Snapshot.At.Format(time.RFC3339),
		engine.Flags().Len(), len(l.Snapshot.Allowances), len(l.Snapshot.Marks))
	if l.Snapshot.Monitor {
		sayEnforced(cfg, engine)
	}
	return engine, nil
}

func orNew(cfg *config, err error) (*detect.Engine, error) {
	if err != nil {
		return nil, err
	}
	return detect.New(cfg.engine, nil)
}

// stateAge is a gauge for as long as there is a state file.
type stateAge struct{ desc *prometheus.Desc }

func init() {
	prometheus.MustRegister(stateAge{prometheus.NewDesc(
		prometheus.BuildFQName(plugin.Namespace, pluginName, "state_age_seconds"),
		"Time since everything was written to the state file; of several the longest.", nil, nil,
	)})
}

func (a stateAge) Describe(descs chan<- *prometheus.Desc) { descs <- a.desc }

func (a stateAge) Collect(metrics chan<- prometheus.Metric) {
	if oldest, ok := engines.oldestState(); ok {
		metrics <- prometheus.MustNewConstMetric(a.desc, prometheus.GaugeValue, max(time.Since(oldest).Seconds(), 0))
	}
}

// oldestState is when the state file that was written the longest ago was written.
func (r *registry) oldestState() (oldest time.Time, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.leases {
		if store := l.store.Load(); store != nil {
			if at, _ := store.Status(); !ok || at.Before(oldest) {
				oldest, ok = at, true
			}
		}
	}
	return oldest, ok
}
