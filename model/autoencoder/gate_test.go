//go:build gate && amd64

package autoencoder

import (
	"slices"
	"strings"
	"syscall"
	"testing"
)

// cost is the CPU time of a distance in nanoseconds.
func cost(f func()) float64 {
	spent := func() int64 {
		var u syscall.Rusage
		syscall.Getrusage(syscall.RUSAGE_SELF, &u)
		return u.Utime.Nano() + u.Stime.Nano()
	}
	const times = 2000
	before := spent()
	for range times {
		f()
	}
	return float64(spent()-before) / times
}

// The kernel takes about a fourteenth of what portable code takes; a third is
// where something has gone wrong. Both are measured in turns, so that other
// work on the machine hits them alike.
func TestGateKernelAgainstPortableCode(t *testing.T) {
	if !hasKernel {
		t.Skip("this processor has no AVX2")
	}
	p := readPlan(t)
	for _, prefix := range []string{"mail-cdn", strings.Repeat("k7x2m9q4", 8)} {
		var ids padded
		var l layers
		s := sizesOf(Encode((*[MaxLen]uint8)(ids[edge:]), []byte(prefix)))
		var ratios []float64
		for range 9 {
			portable := cost(func() { p.distancePortable(&ids, s, &l) })
			kernel := cost(func() { p.distance(&ids, s, &l) })
			ratios = append(ratios, portable/kernel)
		}
		slices.Sort(ratios)
		ratio := ratios[len(ratios)/2]
		t.Logf("%d characters: portable code takes %.1f times as long", s.n, ratio)
		if ratio < 3 {
			t.Errorf("%d characters: portable code takes %.1f times as long, at least 3 wanted", s.n, ratio)
		}
	}
}
