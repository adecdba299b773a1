package main

import (
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/plugin/detect"
)

const (
	scaleRounds     = 9
	scaleGoroutines = 8
	scaleQueries    = 400_000
	scalePairs      = 128
	cachedAnswer    = 16_000 // ns that a resolver spends on one, about
)

// scale runs the engine on one core and on two, from more goroutines than there
// are cores, at capacities that have few shards and at one that has all: nothing
// but known prefixes, which hold the lock for the largest share of their time.
func scale(r *report) error {
	r.section("More cores")
	cores := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(cores)
	var rows [][]string
	var alone float64 // ns a query on one core, all shards
	for _, c := range []struct{ capacity, shards int }{{256, 1}, {1024, 4}, {65536, 32}} {
		e, err := newEngine(c.capacity)
		if err != nil {
			return err
		}
		var rate, waited [2][]float64
		for range scaleRounds {
			for i, procs := range []int{1, min(2, cores)} {
				runtime.GOMAXPROCS(procs)
				before, begin := mutexWait(), time.Now()
				crowded(e)
				rate[i] = append(rate[i], scaleQueries/time.Since(begin).Seconds())
				waited[i] = append(waited[i], 1e9*(mutexWait()-before)/scaleQueries)
			}
		}
		one, two := median(rate[0]), median(rate[1])
		alone = 1e9 / one
		rows = append(rows, row(fmt.Sprint(c.shards), "%.2f", one/1e6, two/1e6, two/one, median(waited[0]), median(waited[1])))
	}
	r.text("The engine alone, known prefixes of %d pairs asked from %d goroutines, which is where locks matter most: there is no resolver around it. Wall time, medians of %d rounds in turns.",
		scalePairs, scaleGoroutines, scaleRounds)
	r.table([]string{"shards", "million queries/s, 1 core", "2 cores", "ratio", "waiting for a lock, ns a query, 1 core", "2 cores"}, rows)
	r.text("With all shards hardly anything is waited for; what the second core brings less than the first is the price of windows and lists that both write in turn, since here every goroutine asks for the same few pairs.")
	r.text("A store of 65,536 windows has 32 shards; a query takes one lock, once. For a known name it holds it for less than the %.0f ns that the engine takes, out of about %d µs that a resolver spends on a cached answer; "+
		"for one that has to be measured, a few in a hundred, for some µs. "+
		"So on 64 cores that do nothing but answer from the cache, another core has the lock that a query wants at most %.1f times in a hundred.",
		alone, cachedAnswer/1000, 100*63*alone/cachedAnswer/32)
	return nil
}

// crowded puts the queries to the engine from all goroutines at once.
func crowded(e *detect.Engine) {
	var names [scalePairs]string
	for i := range names {
		names[i] = fmt.Sprintf("www.site%d.com.", i)
	}
	at := time.Unix(1_800_000_000, 0)
	var wg sync.WaitGroup
	for g := range scaleGoroutines {
		wg.Go(func() {
			var d detect.Decision
			for i := range scaleQueries / scaleGoroutines {
				e.Query(detect.Query{Name: names[(i*7+g*16)%scalePairs], Type: dns.TypeA, Client: netip.AddrFrom4([4]byte{10}), At: at}, &d)
			}
		})
	}
	wg.Wait()
}
