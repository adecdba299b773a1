package notunnel

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// faults counts what went wrong beside inference, which counts its own.
type faults struct {
	stage string
	total prometheus.Counter
	last  atomic.Int64 // when the last line was logged, in ns since 1970
}

var (
	queryFaults = newFaults("query")
	replyFaults = newFaults("reply")
)

func newFaults(stage string) *faults {
	return &faults{stage: stage, total: faultsTotal.WithLabelValues(stage)}
}

// caught is deferred. It stops a panic of the detector and counts it. At most
// one a second is logged, since what one query brought about, others can.
func (f *faults) caught() {
	fault := recover()
	if fault == nil {
		return
	}
	f.total.Inc()
	at, last := now().UnixNano(), f.last.Load()
	if at-last >= int64(time.Second) && f.last.CompareAndSwap(last, at) {
		log.Errorf("fault in stage %s, the query passes: %v", f.stage, fault)
	}
}
