package autoencoder

import (
	"encoding/hex"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/notunnel/notunnel/model/onnxgraph"
)

const modelFile = "../data/autoencoder.onnx"

func readManifest(t testing.TB) Manifest {
	t.Helper()
	var m Manifest
	readJSON(t, "../data/autoencoder.json", &m)
	return m
}

func readJSON(t testing.TB, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func readPlan(t testing.TB) *Plan {
	t.Helper()
	data, err := os.ReadFile(modelFile)
	if err != nil {
		t.Fatal(err)
	}
	g, err := onnxgraph.Decode(modelFile, data)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Compile(g, readManifest(t))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

type goldenLoss struct {
	Prefix string // hex
	Loss   float64
}

func readGolden(t testing.TB) (prefixes [][]byte, losses []float64) {
	t.Helper()
	var golden []goldenLoss
	readJSON(t, "../data/golden/autoencoder.json", &golden)
	if len(golden) < 300 {
		t.Fatalf("%d golden vectors, at least 300 wanted", len(golden))
	}
	for _, v := range golden {
		prefix, err := hex.DecodeString(v.Prefix)
		if err != nil {
			t.Fatal(err)
		}
		prefixes = append(prefixes, prefix)
		losses = append(losses, v.Loss)
	}
	return prefixes, losses
}

// The contract is 1e-5·max(1,|ref|); losses are small, so this asks for more.
func TestLossAgreesWithONNXRuntime(t *testing.T) {
	p := readPlan(t)
	prefixes, losses := readGolden(t)
	worst := 0.0
	for i, prefix := range prefixes {
		delta := math.Abs(float64(p.Loss(prefix)) - losses[i])
		worst = max(worst, delta)
		if !(delta <= 1e-6) {
			t.Errorf("loss of %q: %v, ONNX Runtime has %v", prefix, p.Loss(prefix), losses[i])
		}
	}
	t.Logf("worst difference %.2g over %d prefixes", worst, len(prefixes))
}

func TestLossIgnoresWhatItMust(t *testing.T) {
	p := readPlan(t)
	long := strings.Repeat("abc-1.", 11)
	for _, c := range []struct{ name, a, b string }{
		{"case", "MAIL.Example", "mail.example"},
		{"bytes beyond the last position", long[:MaxLen], long + "zzz"},
		{"which other byte it is", "a\x00b", "a\xffb"},
	} {
		if a, b := p.Loss([]byte(c.a)), p.Loss([]byte(c.b)); a != b {
			t.Errorf("%s: %q has %v, %q has %v", c.name, c.a, a, c.b, b)
		}
	}
	if l := p.Loss(nil); l != 0 {
		t.Errorf("empty prefix has loss %v", l)
	}
}

func TestLossTellsEncodingsFromNames(t *testing.T) {
	p := readPlan(t)
	mean := func(prefixes ...string) (sum float32) {
		for _, s := range prefixes {
			sum += p.Loss([]byte(s)) / float32(len(prefixes))
		}
		return sum
	}
	names := mean("static.images", "autodiscover", "login.microsoft", "update.support", "mail.internal")
	random := mean("mzxw6ytboi4q7dkp2x5v", "d41d8cd98f00b204e980", "k7x2m9q4w8z1v5j3t6pb", "0a9f8e7d6c5b4a392817")
	if random <= names {
		t.Errorf("random strings have loss %v, names %v", random, names)
	}
}

func TestLossConcurrently(t *testing.T) {
	p := readPlan(t)
	prefixes, _ := readGolden(t)
	want := make([]float32, len(prefixes))
	for i := range want {
		want[i] = p.Loss(prefixes[i])
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range want {
				if got := p.Loss(prefixes[i]); got != want[i] {
					t.Errorf("loss of %q changed from %v to %v", prefixes[i], want[i], got)
				}
			}
		})
	}
	wg.Wait()
}

func TestLossDoesNotAllocate(t *testing.T) {
	p := readPlan(t)
	prefix := []byte(strings.Repeat("x1", 32))
	if n := testing.AllocsPerRun(100, func() { p.Loss(prefix) }); n != 0 {
		t.Errorf("%v allocations per call", n)
	}
}

// agree fails if the way that this processor takes differs from the portable
// one by more than rounding.
func agree(t *testing.T, p *Plan, prefix []byte) {
	t.Helper()
	var ids padded
	n := Encode((*[MaxLen]uint8)(ids[edge:]), prefix)
	if n == 0 {
		return
	}
	var l layers
	got, want := p.distance(&ids, sizesOf(n), &l), p.distancePortable(&ids, sizesOf(n), &l)
	if !(math.Abs(float64(got-want)) <= 1e-5*math.Max(1, float64(want))) {
		t.Errorf("distance of %q is %v, by portable code %v", prefix, got, want)
	}
}

func TestKernelAgreesWithPortableCode(t *testing.T) {
	p := readPlan(t)
	random := rand.New(rand.NewPCG(1, 2))
	for n := 1; n <= MaxLen; n++ {
		for range 50 {
			prefix := make([]byte, n)
			for i := range prefix {
				prefix[i] = Alphabet[random.IntN(len(Alphabet))]
			}
			agree(t, p, prefix)
		}
	}
}

func FuzzLoss(f *testing.F) {
	p := readPlan(f)
	f.Add([]byte("www"))
	f.Add([]byte(strings.Repeat("\xff", 70)))
	f.Fuzz(func(t *testing.T, prefix []byte) {
		l := float64(p.Loss(prefix))
		if math.IsNaN(l) || l < 0 || l > 10 {
			t.Errorf("loss of %q is %v", prefix, l)
		}
		agree(t, p, prefix)
	})
}

func BenchmarkLoss(b *testing.B) {
	p := readPlan(b)
	for _, c := range []struct{ name, prefix string }{
		{"8", "mail-cdn"},
		{"14", "static.images1"},
		{"32", strings.Repeat("k7x2m9q4", 4)},
		{"64", strings.Repeat("k7x2m9q4", 8)},
	} {
		b.Run(c.name, func(b *testing.B) {
			prefix := []byte(c.prefix)
			b.ReportAllocs()
			for b.Loop() {
				p.Loss(prefix)
			}
		})
	}
}
