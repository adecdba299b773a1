// Command alternatives runs our forest on the public Go module nearest to what
// we run it on, and prints one line of JSON. It is a module of its own, so that
// the resolver does not depend on that one:
//
//	go run . ../../../model/data
//
// leaves runs LightGBM and XGBoost ensembles in pure Go; it gets the same forest,
// tree by tree, in LightGBM's format.
package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"syscall"

	"github.com/notunnel/notunnel/model"
)

// result is what is printed; CPU in ns for one inference, medians of rounds.
type result struct {
	Leaves float64 `json:"leaves"`
	Here   float64 `json:"here"`  // the same vectors, in turns
	Apart  float64 `json:"apart"` // how far the two are apart at most
	Rows   int     `json:"rows"`
}

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "alternatives:", err)
		os.Exit(1)
	}
}

func run(data string) error {
	models, err := model.Load(os.DirFS(data), data)
	if err != nil {
		return err
	}
	theirs, err := loadLeaves(data + "/forest.onnx")
	if err != nil {
		return err
	}
	text, err := os.ReadFile(data + "/golden/forest.json")
	if err != nil {
		return err
	}
	var golden []struct{ X []float32 }
	if err := json.Unmarshal(text, &golden); err != nil {
		return err
	}
	wide := make([][]float64, len(golden))
	r := result{Rows: len(golden)}
	for i, g := range golden {
		for _, x := range g.X {
			wide[i] = append(wide[i], float64(x))
		}
		p, err := models.Forest.Probability(g.X)
		if err != nil {
			return err
		}
		r.Apart = max(r.Apart, math.Abs(float64(p)-theirs.PredictSingle(wide[i], 0)))
	}
	var here, there []float64
	for range 9 {
		here = append(here, cost(func(i int) { models.Forest.Probability(golden[i%len(golden)].X) }))
		there = append(there, cost(func(i int) { theirs.PredictSingle(wide[i%len(wide)], 0) }))
	}
	r.Here, r.Leaves = median(here), median(there)
	return json.NewEncoder(os.Stdout).Encode(r)
}

// cost is the CPU time of one call in nanoseconds.
func cost(f func(i int)) float64 {
	const calls = 20_000
	before := spent()
	for i := range calls {
		f(i)
	}
	return float64(spent()-before) / calls
}

func spent() int64 {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u) // fails for a wrong argument only
	return u.Utime.Nano() + u.Stime.Nano()
}

func median(x []float64) float64 { return slices.Sorted(slices.Values(x))[len(x)/2] }
