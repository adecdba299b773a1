//go:build !race

package detect

import (
	"fmt"
	"runtime"
	"testing"
	"unsafe"

	"github.com/notunnel/notunnel/plugin/window"
)

// What 65,536 pairs take with what was metered, and what is remembered of as many that had
// to go: when each asked for one name, and when all windows hold as much as they can.
func TestFullPairsFitTheirMemory(t *testing.T) {
	const capacity, one, most = 65536, 28 << 20, 100 << 20
	before := live()
	p := somePairs(capacity)
	for i := range 2 * capacity {
		p.visit(nth(i), "www", pairsAt)
	}
	held, evicted := p.count()
	took := live() - before
	t.Logf("%d pairs of one name take %.1f MiB, %d bytes each", held, float64(took)/(1<<20), took/uint64(held))
	if held != capacity || evicted == 0 || took > one {
		t.Errorf("%d pairs take %d bytes; want %d in at most %d", held, took, capacity, one)
	}
	for i := range p.table.Len() {
		var keys []uint64
		p.table.Shard(i).Each(func(key uint64, _ *pair) { keys = append(keys, key) })
		for _, key := range keys {
			for j := range window.MaxEvents {
				p.visit(key, fmt.Sprint("host-", j), pairsAt)
			}
		}
	}
	took = live() - before
	t.Logf("%d full ones take %.1f MiB, %d bytes each", held, float64(took)/(1<<20), took/uint64(held))
	if took > most {
		t.Errorf("%d full pairs take %d bytes, want at most %d", held, took, most)
	}
	runtime.KeepAlive(p)
}

// live is the heap in use.
func live() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// A pair with its key is four lines of the processor's cache.
func TestPairIsFourLines(t *testing.T) {
	const key, line = 8, 64
	if size := unsafe.Sizeof(pair{}) + key; size != 4*line {
		t.Errorf("a pair takes %d bytes with its key, want %d", size, 4*line)
	}
}
