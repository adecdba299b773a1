package notunnel

import (
	"sync"
	"testing"
)

// However many first queries come at the same time, they are counted by one series.
func TestFirstQueriesShareASeries(t *testing.T) {
	for range 50 {
		var c counters
		var busy sync.WaitGroup
		begin := make(chan struct{})
		found := make([]*series, 64)
		for i := range found {
			busy.Go(func() {
				<-begin
				found[i] = c.of(labels{zone: "."})
			})
		}
		close(begin)
		busy.Wait()
		if n := len(*c.known.Load()); n != 1 {
			t.Fatalf("%d series for one set of labels", n)
		}
		for _, s := range found {
			if s != found[0] {
				t.Fatal("two queries are counted by two series")
			}
		}
	}
}
