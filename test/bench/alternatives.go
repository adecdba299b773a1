package main

import (
	"encoding/json"
	"os"
	"os/exec"
)

// alternatives compares with public Go modules that do the like.
func alternatives(r *report) error {
	r.section("Against what else there is in Go")
	r.text("No Go module that looks for tunnels could be had and built: of those that users would think of first, the module proxy gave us none " +
		"(asked for: github.com/coredns/rrl, github.com/dmachard/go-dnscollector, github.com/semihalev/sdns, github.com/0xERR0R/blocky, github.com/AdguardTeam/AdGuardHome, github.com/dnscrypt/dnscrypt-proxy), " +
		"and no plugin in CoreDNS's own list judges what a name carries. So there is no detector here to compare with, neither in speed nor in what it catches. " +
		"What can be compared is the inference:")
	var got struct {
		Leaves, Here, Apart float64
		Rows                int
	}
	run := exec.Command("go", "run", ".", "../../../"+modelData)
	run.Dir = "test/bench/alternatives"
	run.Stderr = os.Stderr
	out, err := run.Output()
	if err == nil {
		err = json.Unmarshal(out, &got)
	}
	if err != nil {
		r.text("Left out: the comparison does not build here (%v).", err)
		return nil
	}
	r.table([]string{"forest, one vector, CPU", "here, ns", "leaves, ns", "ratio"}, [][]string{
		compared("github.com/dmitryikh/leaves v0.0.0-20230708180554, pure Go, PredictSingle", got.Here, got.Leaves),
	})
	r.text("leaves is meant for gradient-boosted trees and random forests of LightGBM and XGBoost; it got our forest, tree by tree, in LightGBM's format. Medians of 9 rounds in turns over %d vectors, on which the two differ by %.1g at most.", got.Rows, got.Apart)
	r.text("For the autoencoder there is nothing in pure Go: github.com/advancedclimatesystems/gonnx v1.1.0 has no ConvTranspose (nor the forest's opset), and the runtime of github.com/owulveryck/onnx-go v0.5.0 has no Gather, one-dimensional Conv or ConvTranspose. github.com/yalue/onnxruntime_go calls ONNX Runtime through cgo, see above for what that takes.")
	return nil
}
