package forest

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/notunnel/notunnel/model/onnxgraph/onnxtest"
)

func TestExplainByHand(t *testing.T) {
	leaf := func(share, rows float32) *onnxtest.Tree { return &onnxtest.Tree{Share: share, Rows: rows} }
	f := mustCompile(t, onnxtest.Forest(3,
		&onnxtest.Tree{ // mean (4*0.1 + 1*0.5 + 5*0.4) / 10 = 0.29
			Feature: 0, AtMost: 1,
			Yes: &onnxtest.Tree{Feature: 2, AtMost: 0, Yes: leaf(0.1, 4), No: leaf(0.5, 1)}, // mean 0.18
			No:  leaf(0.4, 5),
		},
		&onnxtest.Tree{Feature: 2, AtMost: 0, Yes: leaf(0, 1), No: leaf(0.2, 3)}, // mean 0.15
	), 3)
	parts := []float64{9, 9, 9}
	base, err := f.Explain([]float32{0, 7, 5}, parts)
	if err != nil {
		t.Fatal(err)
	}
	want := []float64{0.18 - 0.29, 0, 0.5 - 0.18 + 0.2 - 0.15}
	if math.Abs(base-0.44) > 1e-6 {
		t.Errorf("base %v, want 0.44", base)
	}
	for i, w := range want {
		if math.Abs(parts[i]-w) > 1e-6 {
			t.Errorf("feature %d: %v, want %v", i, parts[i], w)
		}
	}
}

// Base and parts add up to the probability, of random forests and of those that ship, and
// a feature that no tree asks for has no part.
func TestExplanationsAddUp(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	check := func(f *Forest, x []float32) {
		t.Helper()
		parts := make([]float64, len(x))
		sum, err := f.Explain(x, parts)
		p, _ := f.Probability(x)
		for _, part := range parts {
			sum += part
		}
		if err != nil || math.Abs(sum-float64(p)) > 1e-5 {
			t.Fatalf("%v explains %v, error %v; the probability is %v", x, sum, err, p)
		}
	}
	value := func() float32 { return float32(r.IntN(7)) - 3 }
	for trees := 1; trees <= 2*lanes+1; trees++ {
		var all []*onnxtest.Tree
		for range trees {
			all = append(all, grow(r, value, r.IntN(9), 1/float32(trees)))
		}
		f := mustCompile(t, onnxtest.Forest(6, all...), 6)
		for range 30 {
			x := []float32{value(), value(), value(), value(), value(), value()}
			check(f, x)
			parts := make([]float64, 6)
			if f.Explain(x, parts); parts[5] != 0 { // grow asks five
				t.Fatalf("a feature that nobody asks for has a part of %v", parts[5])
			}
		}
	}
	for name, n := range features {
		f := shippedAs(t, name)
		for range 200 {
			x := make([]float32, n)
			for i := range x {
				x[i] = float32(r.ExpFloat64() * 5)
			}
			check(f, x)
		}
	}
}

func TestExplainRefuses(t *testing.T) {
	f := mustCompile(t, twoTrees(), 2)
	for _, x := range [][]float32{{0}, {0, float32(math.NaN())}} {
		if _, err := f.Explain(x, make([]float64, 2)); err == nil {
			t.Errorf("%v is explained", x)
		}
	}
}

func BenchmarkExplain(b *testing.B) {
	f := shipped(b)
	r, x, parts := rand.New(rand.NewPCG(1, 1)), make([]float32, f.Features()), make([]float64, f.Features())
	b.ReportAllocs()
	for b.Loop() {
		for i := range x {
			x[i] = 5 * r.Float32()
		}
		if _, err := f.Explain(x, parts); err != nil {
			b.Fatal(err)
		}
	}
}
