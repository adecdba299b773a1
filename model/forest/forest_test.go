package forest

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/model/onnxgraph"
	"github.com/notunnel/notunnel/model/onnxgraph/onnxtest"
)

// features are how many the forests of this build take.
var features = map[string]int{"forest": feature.Count, "joint": feature.JointCount}

// compile compiles an ONNX file over that many features.
func compile(t testing.TB, data []byte, features int) (*Forest, error) {
	t.Helper()
	g, err := onnxgraph.Decode("small.onnx", data)
	if err != nil {
		t.Fatal(err)
	}
	return Compile(g, features)
}

func mustCompile(t testing.TB, m onnxtest.Model, features int) *Forest {
	t.Helper()
	f, err := compile(t, m.Marshal(), features)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// shipped is the forest of pairs of this build.
func shipped(t testing.TB) *Forest { return shippedAs(t, "forest") }

// shippedAs is the forest of that name.
func shippedAs(t testing.TB, name string) *Forest {
	t.Helper()
	data, err := os.ReadFile("../data/" + name + ".onnx")
	if err != nil {
		t.Fatal(err)
	}
	f, err := compile(t, data, features[name])
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// twoTrees can be worked out by hand: the first tree asks feature 0 and then
// feature 1, the second one only feature 1.
func twoTrees() onnxtest.Model {
	return onnxtest.Forest(2,
		&onnxtest.Tree{
			Feature: 0, AtMost: 0.5,
			Yes: &onnxtest.Tree{Feature: 1, AtMost: -1, Yes: onnxtest.Leaf(0), No: onnxtest.Leaf(0.125)},
			No:  onnxtest.Leaf(0.5),
		},
		&onnxtest.Tree{Feature: 1, AtMost: 3, Yes: onnxtest.Leaf(0.0625), No: onnxtest.Leaf(0.5)},
	)
}

func TestProbabilityByHand(t *testing.T) {
	f := mustCompile(t, twoTrees(), 2)
	above := math.Nextafter32(0.5, 1)
	for _, c := range []struct {
		name string
		x    [2]float32
		want float32
	}{
		{"left and left", [2]float32{0, -2}, 0 + 0.0625},
		{"left and right", [2]float32{0, 0}, 0.125 + 0.0625},
		{"a value at the threshold goes left", [2]float32{0.5, -1}, 0 + 0.0625},
		{"the next value goes right", [2]float32{above, -1}, 0.5 + 0.0625},
		{"at the other tree's threshold", [2]float32{1, 3}, 0.5 + 0.0625},
		{"right in both", [2]float32{1, 4}, 1},
		{"largest values", [2]float32{math.MaxFloat32, math.MaxFloat32}, 1},
		{"smallest values", [2]float32{-math.MaxFloat32, -math.MaxFloat32}, 0.0625},
		{"negative zero", [2]float32{float32(math.Copysign(0, -1)), 0}, 0.125 + 0.0625},
	} {
		got, err := f.Probability(c.x[:])
		if err != nil || got != c.want {
			t.Errorf("%s: Probability(%v) = %v, %v; want %v", c.name, c.x, got, err, c.want)
		}
	}
	if trees, nodes := f.Size(); trees != 2 || nodes != 8 || f.Features() != 2 {
		t.Errorf("%d trees of %d nodes over %d features", trees, nodes, f.Features())
	}
}

// The walk by groups against a walk by hand, tree by tree: trees from a leaf to
// ten levels, and values that meet the thresholds.
func TestProbabilityOfRandomForests(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	values := []float32{-2.5, -1, float32(math.Copysign(0, -1)), 0, math.SmallestNonzeroFloat32, 1, 7e8}
	value := func() float32 { return values[random.IntN(len(values))] }
	for trees := 1; trees <= 3*lanes; trees++ {
		var all []*onnxtest.Tree
		for range trees {
			all = append(all, grow(random, value, random.IntN(11), 1/float32(trees)))
		}
		f := mustCompile(t, onnxtest.Forest(5, all...), 5)
		for range 50 {
			x := []float32{value(), value(), value(), value(), value()}
			var want float32
			for _, tree := range all {
				for tree.Yes != nil {
					if x[tree.Feature] <= tree.AtMost {
						tree = tree.Yes
					} else {
						tree = tree.No
					}
				}
				want += tree.Share
			}
			if got, err := f.Probability(x); err != nil || math.Abs(float64(got-want)) > 1e-6 {
				t.Fatalf("%d trees: Probability(%v) = %v, %v; want %v", trees, x, got, err, want)
			}
		}
	}
}

// grow is a tree over five features of at most that depth.
func grow(random *rand.Rand, value func() float32, depth int, most float32) *onnxtest.Tree {
	if depth == 0 || random.IntN(8) == 0 {
		return onnxtest.Leaf(most * random.Float32())
	}
	return &onnxtest.Tree{
		Feature: random.IntN(5), AtMost: value(),
		Yes: grow(random, value, depth-1, most), No: grow(random, value, depth-1, most),
	}
}

// Leaves of many trees may add up to a little more than 1 in float32.
func TestProbabilityIsAtMostOne(t *testing.T) {
	f := mustCompile(t, onnxtest.Forest(1, onnxtest.Leaf(0.7), onnxtest.Leaf(0.7)), 1)
	if p, err := f.Probability([]float32{0}); p != 1 || err != nil {
		t.Errorf("Probability = %v, %v", p, err)
	}
}

func TestProbabilityRefuses(t *testing.T) {
	f := mustCompile(t, twoTrees(), 2)
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		name    string
		x       []float32
		wantErr error
	}{
		{"NaN", []float32{0, nan}, errNotFinite},
		{"NaN where no tree looks first", []float32{nan, 0}, errNotFinite},
		{"infinity", []float32{inf, 0}, errNotFinite},
		{"minus infinity", []float32{0, -inf}, errNotFinite},
		{"nothing", nil, errLength},
		{"one too few", []float32{0}, errLength},
		{"one too many", []float32{0, 0, 0}, errLength},
	} {
		if p, err := f.Probability(c.x); err != c.wantErr || p != 0 {
			t.Errorf("%s: %v, %v; want 0, %v", c.name, p, err, c.wantErr)
		}
	}
}

type golden struct {
	X []float32 `json:"x"`
	P float64   `json:"p"`
}

func readGolden(t testing.TB, name string) (vectors []golden) {
	t.Helper()
	file := "../data/golden/" + name + ".json"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if len(vectors) < 100 {
		t.Fatalf("%d golden vectors, at least 100 wanted", len(vectors))
	}
	return vectors
}

// The contract is 1e-5, and equal verdicts outside that distance of whatever
// threshold.
func TestProbabilityAgreesWithONNXRuntime(t *testing.T) {
	for name := range features {
		t.Run(name, func(t *testing.T) {
			f := shippedAs(t, name)
			worst, low, high := 0.0, 1.0, 0.0
			for i, v := range readGolden(t, name) {
				p, err := f.Probability(v.X)
				delta := math.Abs(float64(p) - v.P)
				worst, low, high = max(worst, delta), min(low, v.P), max(high, v.P)
				if err != nil || !(delta <= 1e-5) {
					t.Errorf("vector %d: %v, %v; ONNX Runtime has %v", i, p, err, v.P)
				}
			}
			if high-low < 0.5 {
				t.Errorf("the golden vectors go from %v to %v only", low, high)
			}
			t.Logf("worst difference %.2g", worst)
		})
	}
}

func TestShippedForestsAreSmallEnough(t *testing.T) {
	for name, most := range map[string]struct{ trees, nodes int }{"forest": {100, 60_000}, "joint": {40, 12_000}} {
		if trees, nodes := shippedAs(t, name).Size(); trees < 10 || trees > most.trees || nodes > most.nodes {
			t.Errorf("%s: %d trees of %d nodes; 10 to %d and at most %d wanted", name, trees, nodes, most.trees, most.nodes)
		}
	}
}

// A tag before each number would make them a third larger, and twice as slow to read.
func TestShippedForestsArePacked(t *testing.T) {
	for name := range features {
		info, err := os.Stat("../data/" + name + ".onnx")
		if err != nil {
			t.Fatal(err)
		}
		_, nodes := shippedAs(t, name).Size()
		if per := float64(info.Size()) / float64(nodes); per > 32 {
			t.Errorf("%s: %.1f bytes a node: write it as model/train/forests.py does", name, per)
		}
	}
}

func TestProbabilityConcurrently(t *testing.T) {
	f := shipped(t)
	vectors := readGolden(t, "forest")
	want := make([]float32, len(vectors))
	for i, v := range vectors {
		want[i], _ = f.Probability(v.X)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i, v := range vectors {
				if got, err := f.Probability(v.X); got != want[i] || err != nil {
					t.Errorf("vector %d changed from %v to %v, %v", i, want[i], got, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestProbabilityDoesNotAllocate(t *testing.T) {
	f := shipped(t)
	x := make([]float32, feature.Count)
	bad := append([]float32{float32(math.NaN())}, x[1:]...)
	if n := testing.AllocsPerRun(100, func() { f.Probability(x); f.Probability(bad) }); n != 0 {
		t.Errorf("%v allocations per call", n)
	}
}

func FuzzProbability(f *testing.F) {
	forest := shipped(f)
	f.Add(make([]byte, 4*feature.Count))
	f.Add([]byte(strings.Repeat("\x00\x00\xc0\x7f", feature.Count)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var x []float32
		finite := true
		for ; len(raw) >= 4; raw = raw[4:] {
			v := math.Float32frombits(uint32(raw[0]) | uint32(raw[1])<<8 | uint32(raw[2])<<16 | uint32(raw[3])<<24)
			finite = finite && !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0)
			x = append(x, v)
		}
		p, err := forest.Probability(x)
		if wanted := finite && len(x) == feature.Count; wanted != (err == nil) {
			t.Errorf("%d values, finite %v: error %v", len(x), finite, err)
		}
		if !(p >= 0 && p <= 1) {
			t.Errorf("probability %v", p)
		}
	})
}

func BenchmarkProbability(b *testing.B) {
	f := shipped(b)
	vectors := readGolden(b, "forest")
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		f.Probability(vectors[i%len(vectors)].X)
	}
}
