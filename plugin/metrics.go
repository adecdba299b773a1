package notunnel

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/coredns/coredns/plugin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/verdict"
)

var (
	queriesTotal = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace, Subsystem: pluginName, Name: "queries_total",
		Help: "Queries judged, by verdict.",
	}, []string{"server", "zone", "view", "verdict"})

	unjudgedTotal = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace, Subsystem: pluginName, Name: "unjudged_total",
		Help: "Queries passed without a judgement, by reason.",
	}, []string{"server", "zone", "view", "reason"})

	flagsTotal = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace, Subsystem: pluginName, Name: "flags_total",
		Help: "(SLD, client) pairs flagged, by ground.",
	}, []string{"server", "zone", "view", "ground"})

	blocksTotal = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace, Subsystem: pluginName, Name: "blocks_total",
		Help: "Queries blocked and replies withheld, by ground; what monitor mode would have.",
	}, []string{"server", "zone", "view", "ground"})

	clientIDsTotal = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace, Subsystem: pluginName, Name: "client_ids_total",
		Help: "Queries of peers that are believed about who asks, by kind of ID and by what was found: read, missing, malformed.",
	}, []string{"kind", "result"})

	eventsTotal = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace, Subsystem: pluginName, Name: "events_total",
		Help: "Events for each receiver, by what it is (file, syslog, https) and by what became of them: sent, refused, dropped, lost; and tries that failed: retried.",
	}, []string{"receiver", "result"})

	inferenceSeconds = promauto.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: plugin.Namespace, Subsystem: pluginName, Name: "inference_seconds",
		Help:    "Time of one inference, by stage; one in 64 is timed.",
		Buckets: []float64{2.5e-7, 5e-7, 1e-6, 2.5e-6, 5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 1e-3},
	}, []string{"stage"})

	informationBytes = promauto.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: plugin.Namespace, Subsystem: pluginName, Name: "information_bytes",
		Help:    "Information that passed between a client and an SLD in four hours, by direction; observed when the pair asks again after them.",
		Buckets: prometheus.ExponentialBuckets(16, 4, 9),
	}, []string{"direction"})

	faultsTotal = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: plugin.Namespace, Subsystem: pluginName, Name: "faults_total",
		Help: "Faults of the detector, by stage; each let its query pass.",
	}, []string{"stage"})

	_ = promauto.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: plugin.Namespace, Subsystem: pluginName, Name: "windows",
		Help: "Windows held.",
	}, func() float64 {
		windows, _ := engines.count()
		return float64(windows)
	})

	_ = promauto.NewCounterFunc(prometheus.CounterOpts{
		Namespace: plugin.Namespace, Subsystem: pluginName, Name: "evictions_total",
		Help: "Windows evicted because the capacity was reached.",
	}, func() float64 {
		_, evicted := engines.count()
		return float64(evicted)
	})
)

// watcher counts what goes on in the engine. Its series are looked up once, not per
// query.
type watcher struct{}

var stageSeconds, stageFaults = func() (s [len(detect.Stages)]prometheus.Observer, f [len(detect.Stages)]prometheus.Counter) {
	for i, stage := range detect.Stages {
		s[i], f[i] = inferenceSeconds.WithLabelValues(stage), faultsTotal.WithLabelValues(stage)
	}
	return s, f
}()

func (watcher) Took(s detect.Stage, d time.Duration) { stageSeconds[s].Observe(d.Seconds()) }

func (watcher) Fault(s detect.Stage) { stageFaults[s].Inc() }

var informationUp, informationDown = informationBytes.WithLabelValues("up"), informationBytes.WithLabelValues("down")

func (watcher) Passed(up, down uint64) {
	informationUp.Observe(float64(up))
	informationDown.Observe(float64(down))
}

// series are the counters of one server, zone and view.
type series struct {
	labels   labels
	verdicts [verdict.Block + 1]prometheus.Counter
	unjudged [detect.Whys]prometheus.Counter
	paused   prometheus.Counter
	flags    [verdict.Grounds]prometheus.Counter // by ground, none for NoGround and Deny
	blocks   [verdict.Grounds]prometheus.Counter // none for NoGround
}

// labels name a series.
type labels struct{ server, zone, view string }

// counters finds series without building label sets for each query. The zero
// value is empty.
type counters struct {
	mu    sync.Mutex
	known atomic.Pointer[[]*series]
}

// of looks through all series: the labels are those of the configuration, so
// there are few, and their strings are mostly the very same.
func (c *counters) of(l labels) *series {
	if s := c.find(l); s != nil {
		return s
	}
	return c.add(l)
}

func (c *counters) find(l labels) *series {
	if known := c.known.Load(); known != nil {
		for _, s := range *known {
			if s.labels == l {
				return s
			}
		}
	}
	return nil
}

// add puts a new series in, if nobody has done so meanwhile.
func (c *counters) add(l labels) *series {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.find(l); s != nil {
		return s
	}
	s := &series{labels: l}
	for g := verdict.NoGround + 1; int(g) < verdict.Grounds; g++ {
		if g != verdict.Deny {
			s.flags[g] = flagsTotal.WithLabelValues(l.server, l.zone, l.view, g.String())
		}
		s.blocks[g] = blocksTotal.WithLabelValues(l.server, l.zone, l.view, g.String())
	}
	for v := range s.verdicts {
		s.verdicts[v] = queriesTotal.WithLabelValues(l.server, l.zone, l.view, verdict.Verdict(v).String())
	}
	for w := range s.unjudged {
		if why := detect.Why(w); why != detect.Judged && why != detect.Denied {
			s.unjudged[w] = unjudgedTotal.WithLabelValues(l.server, l.zone, l.view, why.String())
		}
	}
	s.paused = unjudgedTotal.WithLabelValues(l.server, l.zone, l.view, "paused")
	next := []*series{s}
	if known := c.known.Load(); known != nil {
		next = append(next, *known...)
	}
	c.known.Store(&next)
	return s
}

// count counts a decision.
func (s *series) count(d *detect.Decision) {
	if d.Why == detect.Judged || d.Why == detect.Denied {
		s.verdicts[d.Verdict].Inc()
	} else {
		s.unjudged[d.Why].Inc()
	}
	if d.Verdict == verdict.Block {
		s.blocks[d.Ground].Inc()
	}
	if d.Flagged != nil {
		s.flags[d.Flagged.Ground].Inc()
	}
	for i := range d.Beside {
		s.flags[d.Beside[i].Ground].Inc()
	}
}
