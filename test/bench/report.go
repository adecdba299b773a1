package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// report is Markdown in the making, and the figures that a reader wants first. The first
// error of writing is kept.
type report struct {
	w     io.Writer
	err   error
	first [][]string
}

// figure is one that stands first: what it is, how large, and what it should be at most.
func (r *report) figure(what, is, goal string) { r.first = append(r.first, []string{what, is, goal}) }

// short is the page that begins with these, and leads on to the rest.
func (r *report) short(rest string) string {
	var b strings.Builder
	s := report{w: &b}
	s.printf("# What the detector costs\n\n")
	s.text("Written by `make bench` on %s. CPU time unless it says otherwise; medians of rounds taken in turns, because other work on the machine makes single figures swing. "+
		"All tables, with how each figure was taken: [%s](%s).", machine(), rest, rest)
	s.table([]string{"", "measured", "bar"}, r.first)
	s.text("The everyday mix has the shares of recorded logs of real clients (9 %% of queries ask for a name that is new to the client, one in seven of the new domains is on no list), the harsh one several times as much that is new, all of it below unlisted domains (test/bench/trace.go). " +
		"Both run with every one of 65,536 windows full.")
	return b.String()
}

func (r *report) printf(format string, args ...any) {
	if _, err := fmt.Fprintf(r.w, format, args...); err != nil && r.err == nil {
		r.err = err
	}
}

func (r *report) section(title string) { r.printf("\n## %s\n\n", title) }

// text is a paragraph.
func (r *report) text(format string, args ...any) { r.printf(format+"\n\n", args...) }

// table prints rows under a head; every column but the first is of figures.
func (r *report) table(head []string, rows [][]string) {
	r.printf("| %s |\n|---%s|\n", strings.Join(head, " | "), strings.Repeat("|---:", len(head)-1))
	for _, row := range rows {
		r.printf("| %s |\n", strings.Join(row, " | "))
	}
	r.printf("\n")
}

// spent is the CPU time of this process so far, user and system.
func spent() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u) // fails for a wrong argument only
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// per is the CPU time of f in nanoseconds over n things done.
func per(n int, f func()) float64 {
	before := spent()
	f()
	return float64(spent()-before) / float64(n)
}

// median of an unsorted list.
func median(x []float64) float64 { return quantile(x, 0.5) }

func quantile(x []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(x))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func mean(x []float64) (m float64) {
	for _, v := range x {
		m += v / float64(len(x))
	}
	return m
}

// interval is the mean of paired rounds and half the width of its 95 %
// confidence interval; with the 24 to 48 rounds that we make, Student's t is 2.01
// to 2.07.
func interval(x []float64) (middle, half float64) {
	middle = mean(x)
	var squares float64
	for _, v := range x {
		squares += (v - middle) * (v - middle)
	}
	n := float64(len(x))
	return middle, 2.07 * math.Sqrt(squares/(n-1)/n)
}

// bar says whether a figure keeps within its bar, as far as its confidence
// interval tells.
func bar(figure, half, most float64, name string) string {
	says := "met"
	switch {
	case figure-half > most:
		says = "**missed**"
	case figure+half > most:
		says = "this run does not decide, it lies within the interval"
	}
	return fmt.Sprintf("The bar is %s: %s.", name, says)
}

// each applies f to two lists side by side.
func each(a, b []float64, f func(a, b float64) float64) (all []float64) {
	for i := range a {
		all = append(all, f(a[i], b[i]))
	}
	return all
}

// live is the heap in use after collections, in bytes: a pool outlasts two, and
// what it is part of with it.
func live() float64 {
	var m runtime.MemStats
	for range 3 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// machine names processor, cores and load.
func machine() string {
	name := runtime.GOARCH
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, ok := strings.Cut(string(info), "model name"); ok {
			line, _, _ := strings.Cut(rest, "\n")
			name = strings.Trim(line, "\t :")
		}
	}
	load, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(load), " ")
	return fmt.Sprintf("%s, %d cores, %s, load %s before the run", name, runtime.NumCPU(), runtime.Version(), first)
}
