package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/notunnel/notunnel/model"
	"github.com/notunnel/notunnel/test/bench/fma"
)

const (
	python    = ".venv/bin/python"
	modelData = "model/data"
)

// against compares our runtime with ONNX Runtime on the same models, and the
// kernel with what the core can do at best.
func against(r *report) error {
	r.section("Against ONNX Runtime")
	models, err := model.Embedded()
	if err != nil {
		return err
	}
	var prefixes []string
	for _, n := range []int{8, 16, 32, 64} {
		prefixes = append(prefixes, strings.Repeat("k7x2m9q4", n/8))
	}
	theirs := map[string]float64{}
	out, err := exec.Command(python, append([]string{"test/bench/onnx.py", modelData}, prefixes...)...).Output()
	if err == nil {
		err = json.Unmarshal(out, &theirs)
	}
	if err != nil {
		r.text("Left out: no ONNX Runtime here (%v). `make deps` installs it.", err)
	}
	var rows [][]string
	for _, prefix := range prefixes {
		text := []byte(prefix)
		ours := best(20_000, func(int) { models.Autoencoder.Loss(text) })
		rows = append(rows, compared(fmt.Sprintf("autoencoder, %d characters", len(prefix)), ours, theirs[prefix]))
	}
	vectors, err := golden()
	if err != nil {
		return err
	}
	ours := best(20_000, func(i int) { models.Forest.Probability(vectors[i%len(vectors)]) })
	trees, nodes := models.Forest.Size()
	rows = append(rows, compared(fmt.Sprintf("forest, %d trees, %d nodes", trees, nodes), ours, theirs["forest"]))
	r.text("CPU of one inference at batch size 1 on one thread, medians of 9 rounds. ONNX Runtime is called from Python, as its users call it, and that call is in its figures.")
	r.table([]string{"model", "here, ns", "ONNX Runtime, ns", "ratio"}, rows)
	return peak(r, models)
}

func compared(name string, ours, theirs float64) []string {
	if theirs == 0 {
		return []string{name, fmt.Sprintf("%.0f", ours), "–", "–"}
	}
	return []string{name, fmt.Sprintf("%.0f", ours), fmt.Sprintf("%.0f", theirs), fmt.Sprintf("%.1f", theirs/ours)}
}

// best is the median over rounds of what f costs.
func best(n int, f func(i int)) float64 {
	var rounds []float64
	for range 9 {
		rounds = append(rounds, per(n, func() {
			for i := range n {
				f(i)
			}
		}))
	}
	return median(rounds)
}

func golden() ([][]float32, error) {
	data, err := os.ReadFile(modelData + "/golden/forest.json")
	if err != nil {
		return nil, err
	}
	var list []struct{ X []float32 }
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, err
	}
	var vectors [][]float32
	for _, g := range list {
		vectors = append(vectors, g.X)
	}
	return vectors, nil
}

// products is how many multiplications of eight floats the second convolution
// and the two transposed ones take for 64 characters: 16 codes of 80 inputs in
// one register, 16 and 32 pairs of outputs in ten for each input channel.
const products = 16*80 + 16*8*10 + 32*16*10

// peak compares the kernel with a loop of nothing but products.
func peak(r *report, models *model.Models) error {
	if !fma.Multiply(1) {
		r.text("No kernel for this processor: the portable code ran.")
		return nil
	}
	const rounds = 200_000
	text := []byte(strings.Repeat("k7x2m9q4", 8))
	var shares []float64
	for range 15 {
		limit := per(rounds*fma.PerRound, func() { fma.Multiply(rounds) })
		kernel := per(20_000, func() {
			for range 20_000 {
				models.Autoencoder.Loss(text)
			}
		})
		shares = append(shares, 100*products*limit/kernel)
	}
	r.text("At 64 characters the kernel makes %d products of eight floats. In the time that it takes, all of it included – encoding, tables, the distance –, a loop of nothing but such products would have made them %.2f times: "+
		"**%.0f %%** of the core's AVX2 rate (median of 15 rounds in turns, %.0f to %.0f).", products, 100/median(shares), median(shares), quantile(shares, 0), quantile(shares, 1))
	return nil
}
