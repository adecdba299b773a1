//go:build e2e

package test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/test/lab"
)

// whole is how many bytes go through a tunnel that works.
const whole = 200_000

// endless is more than any tunnel here carries within a test.
const endless = 1 << 40

// tryTunnel runs one real tunnel client against the resolver in every mode.
// How it ends in blocking mode is the client's: blocked is with the plugin from
// the start, cut with the plugin put in while bytes are flowing.
func tryTunnel(t *testing.T, newRig func(t *testing.T, transfers int64) *rig, blocked, cut func(*testing.T, *rig)) {
	t.Run("without the plugin it works", func(t *testing.T) { tunnelWorks(t, newRig(t, whole)) })
	t.Run("blocked", func(t *testing.T) { blocked(t, newRig(t, whole)) })
	t.Run("cut in the middle of a transfer", func(t *testing.T) { cut(t, newRig(t, endless)) })
	t.Run("monitor", func(t *testing.T) { tunnelMonitored(t, newRig(t, whole)) })
}

func tunnelWorks(t *testing.T, r *rig) {
	r.resolve(t, "")
	got := r.download(t)
	if got != whole {
		t.Fatalf("%d of %d bytes came through", got, whole)
	}
	queries, _, _ := r.recorder.leak()
	t.Logf("%d bytes came through, in %d queries", got, queries)
}

func tunnelBlocked(t *testing.T, r *rig) {
	r.resolve(t, "notunnel")
	stop := r.lookUp(t)
	got := r.download(t)
	flag := r.flag(t)
	if got == whole {
		t.Error("the whole transfer came through")
	}
	if flag.Action != "block" {
		t.Errorf("action=%s in the log", flag.Action)
	}
	queries, bytes, last := r.recorder.leak()
	t.Logf("leaked before the block: %d queries, %d prefix bytes by the log; %d queries, %d prefix bytes at the upstream; %d bytes came through the tunnel",
		flag.Queries-1, flag.LeakedBytes, queries, bytes, got)
	t.Logf("score %.3f, %s", flag.Score, flag.Reasons)
	if queries > mostLeaked || flag.Queries-1 > mostLeaked {
		t.Errorf("more than %d queries leaked", mostLeaked)
	}
	// The log counts what passed: the upstream cannot have seen more, unless
	// something passed after the block.
	if queries > flag.Queries-1 {
		t.Errorf("%d queries reached the upstream, %d before the block", queries, flag.Queries-1)
	}

	// The same client tries again.
	got = r.download(t)
	if _, _, again := r.recorder.leak(); got != 0 || !again.Equal(last) {
		t.Errorf("a second attempt got %d bytes through, queries up to %v reached the upstream, the last before was at %v", got, again, last)
	}
	stillFine(t, r)
	stop()
	m := r.scrape(t)
	if n := m.Sum("coredns_notunnel_queries_total", "verdict", "block"); n < 2 {
		t.Errorf("queries_total{verdict=block} is %v", n)
	}
	noFaults(t, m)
}

// stillFine checks that the block hit nobody and nothing else.
func stillFine(t *testing.T, r *rig) {
	t.Helper()
	name := "www." + r.sld
	m, err := r.ask(r.guilty, name)
	if err != nil || m.Rcode != dns.RcodeNameError || lab.BlockReason(m) == nil || r.recorder.saw(name) {
		t.Errorf("the blocked client's query for %s: %v, %v", name, err, m)
	}
	r.answers(t, r.other, name)
	if !r.recorder.saw(name) {
		t.Errorf("another client's query for %s did not reach the upstream", name)
	}
	r.answers(t, r.guilty, "www.another-site.org")
}

func noFaults(t *testing.T, m lab.Metrics) {
	t.Helper()
	if n := m.Sum("coredns_notunnel_flags_total"); n != 1 {
		t.Errorf("flags_total is %v, want 1", n)
	}
	noPanics(t, m)
}

func noPanics(t *testing.T, m lab.Metrics) {
	t.Helper()
	for _, name := range []string{"coredns_panics_total", "coredns_notunnel_faults_total"} {
		if n := m.Sum(name); n != 0 {
			t.Errorf("%s is %v", name, n)
		}
	}
}

// mostLeakedBytes is how many prefix bytes of a tunnel may pass that is under way
// when the plugin comes in.
const mostLeakedBytes = 1024

// underWay puts the plugin in, by a reload, while bytes are flowing. They are
// counted in got; over is closed once the tunnel has ended or gone quiet; stop
// ends the innocent client's lookups.
func underWay(t *testing.T, r *rig) (got *atomic.Int64, over chan struct{}, stop func()) {
	t.Helper()
	r.resolve(t, "")
	stop = r.lookUp(t)
	conn, end := r.open(t)
	t.Cleanup(end)
	if conn == nil {
		t.Fatal("the tunnel does not open")
	}
	got, over = new(atomic.Int64), make(chan struct{})
	go func() {
		defer close(over)
		read(conn, got)
	}()
	if err := lab.Wait("flow of bytes through the tunnel", func() bool { return got.Load() > whole/4 }); err != nil {
		t.Fatal(err)
	}
	r.configure(t, "notunnel")
	if err := r.resolver.Reload(); err != nil {
		t.Fatal(err)
	}
	return got, over, stop
}

// tunnelCut has the plugin flag a tunnel that is under way.
func tunnelCut(t *testing.T, r *rig) {
	got, over, stop := underWay(t, r)
	flag := r.flag(t)
	flagged := time.Now()
	<-over // after quiet
	t.Logf("%d bytes came through in all; %d queries and %d prefix bytes passed the plugin", got.Load(), flag.Queries-1, flag.LeakedBytes)
	if flag.Queries-1 > mostLeaked {
		t.Errorf("%d queries passed, want at most %d", flag.Queries-1, mostLeaked)
	}
	if flag.LeakedBytes > mostLeakedBytes {
		t.Errorf("%d prefix bytes passed, want at most %d", flag.LeakedBytes, mostLeakedBytes)
	}
	// A moment for what was on its way when the block fell.
	if _, _, last := r.recorder.leak(); last.Sub(flagged) > time.Second {
		t.Errorf("a new query reached the upstream %v after the block", last.Sub(flagged))
	}
	stillFine(t, r)
	stop()
	noFaults(t, r.scrape(t))
}

func tunnelMonitored(t *testing.T, r *rig) {
	r.resolve(t, "notunnel {\n mode monitor\n}")
	stop := r.lookUp(t)
	got := r.download(t)
	if got != whole {
		t.Errorf("%d of %d bytes came through", got, whole)
	}
	if flag := r.flag(t); flag.Action != "monitor" {
		t.Errorf("action=%s in the log", flag.Action)
	}
	r.answers(t, r.guilty, "www."+r.sld)
	stop()
	m := r.scrape(t)
	if n := m.Sum("coredns_notunnel_queries_total", "verdict", "block"); n == 0 {
		t.Error("no query is counted as one that would be blocked")
	}
	noFaults(t, m)
}

// tunnelGarbled is for a client that writes both letter cases: its names leave
// in lower case, so its server cannot read them and it ends before there is
// enough to flag.
func tunnelGarbled(t *testing.T, r *rig) {
	r.resolve(t, "notunnel")
	stop := r.lookUp(t)
	for range 2 {
		if got := r.download(t); got != 0 {
			t.Errorf("%d bytes came through", got)
		}
	}
	queries, bytes, _ := r.recorder.leak()
	t.Logf("leaked: %d queries, %d prefix bytes at the upstream", queries, bytes)
	if queries == 0 || queries > mostLeaked || bytes > mostLeakedBytes {
		t.Errorf("%d queries with %d prefix bytes leaked, want some, at most %d with %d", queries, bytes, mostLeaked, mostLeakedBytes)
	}
	if name := r.recorder.upperCase(); name != "" {
		t.Errorf("%s reached the upstream", name)
	}
	othersFine(t, r)
	stop()
}

// tunnelGarbledUnderWay puts the plugin in while such a client's bytes flow.
func tunnelGarbledUnderWay(t *testing.T, r *rig) {
	got, over, stop := underWay(t, r)
	before := got.Load()
	queries, bytes, _ := r.recorder.leak()
	<-over
	moreQueries, moreBytes, _ := r.recorder.leak()
	moreQueries, moreBytes = moreQueries-queries, moreBytes-bytes
	t.Logf("%d bytes came through in all, %d of them after the reload; then %d more queries with %d prefix bytes reached the upstream",
		got.Load(), got.Load()-before, moreQueries, moreBytes)
	if moreQueries > mostLeaked || moreBytes > mostLeakedBytes {
		t.Errorf("%d queries with %d prefix bytes passed, want at most %d with %d", moreQueries, moreBytes, mostLeaked, mostLeakedBytes)
	}
	othersFine(t, r)
	stop()
}

// othersFine checks that nobody and nothing else was hit.
func othersFine(t *testing.T, r *rig) {
	t.Helper()
	r.answers(t, r.other, "www."+r.sld)
	r.answers(t, r.guilty, "www.another-site.org")
	noPanics(t, r.scrape(t))
}
