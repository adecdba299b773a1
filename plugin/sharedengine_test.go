package notunnel

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/notunnel/notunnel/plugin/detect"
	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// While queries come, models change, people say things and the state is written: nothing
// that was flagged or said is lost.
func TestEverythingAtOnce(t *testing.T) {
	r, cfg := newReloads(), configured(t, nil)
	l := r.lease(t, cfg, "a", r.instance())
	flag(t, l, "before.org")
	said, err := verdict.NewAllowance("ours.org", "", "", time.Hour, now())
	if err == nil {
		err = l.engine().Allow(said, now())
	}
	if err != nil {
		t.Fatal(err)
	}
	f := l.engine().Flags().All(now())[0]
	if err := l.engine().Mark(flags.Mark{Flag: f, Opinion: flags.True, Everyone: true, At: now()}); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	busy := func(work func(i int)) {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
					work(i)
				}
			}
		})
	}
	for n := range 2 {
		dice := rand.New(rand.NewPCG(1, uint64(n)))
		busy(func(i int) {
			d := new(detect.Decision)
			l.engine().Query(detect.Query{
				Name: fmt.Sprintf("%s.site%d.org.", tunnelled(dice), i%50), Type: 16, Client: netip.AddrFrom4([4]byte{10, 0, byte(n), byte(i % 7)}), At: now(),
			}, d)
			l.note(d, false)
		})
	}
	busy(func(i int) {
		a, err := verdict.NewAllowance(fmt.Sprintf("d%d.org", i%20), "10.0.0.1", "", time.Minute, now())
		if err == nil {
			l.engine().Allow(a, now())
		}
		l.engine().Disallow(a.Domain, a.Client)
		l.engine().Release(func(id uint64) bool { return id%3 == 0 && id != f.ID }, now())
		l.engine().Explain(detect.Query{Name: "www.site1.org.", Client: netip.MustParseAddr("10.0.0.1"), At: now()}, new(detect.Explanation))
	})
	busy(func(int) {
		l.Snapshot()
		if err := l.SaveMeters(io.Discard); err != nil {
			t.Error(err)
		}
	})
	for i := range 5 {
		other := l.watch.inForce()
		models := *other.Models
		models.ID = fmt.Sprint("models ", i)
		other.Models = &models
		if err := l.renew(&other); err != nil {
			t.Error(err)
		}
	}
	close(done)
	wg.Wait()
	if !flagged(l, "before.org") {
		t.Error("the flag is gone")
	}
	if d := ask(l.engine(), "www.ours.org."); d.Why != detect.Allowed {
		t.Error("the allowance is gone")
	}
	d := new(detect.Decision)
	l.engine().Query(detect.Query{Name: "www.before.org.", Client: netip.MustParseAddr("203.0.113.1"), At: now()}, d)
	if d.Ground != verdict.Deny {
		t.Error("what was confirmed for everyone is gone")
	}
}
