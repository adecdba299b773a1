package surprisal

import (
	"encoding/hex"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

const modelFile = "../data/surprisal.bin"

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

// readFiles returns what a test may spoil.
func readFiles(t testing.TB) (table []byte, manifest Manifest) {
	t.Helper()
	readJSON(t, "../data/surprisal.json", &manifest)
	table, err := os.ReadFile(modelFile)
	if err != nil {
		t.Fatal(err)
	}
	return table, manifest
}

func readModel(t testing.TB) *Model {
	t.Helper()
	table, manifest := readFiles(t)
	m, err := Decode(modelFile, table, manifest)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// goldenLabel is a label with its cost by the trainer; none means that it cannot
// be spelled.
type goldenLabel struct {
	label []byte
	cost  *uint32
}

func readGolden(t testing.TB) (golden []goldenLabel) {
	t.Helper()
	var list []struct {
		Label string // hex
		Cost  *uint32
	}
	readJSON(t, "../data/golden/surprisal.json", &list)
	if len(list) < 1000 {
		t.Fatalf("%d golden vectors, at least 1000 wanted", len(list))
	}
	for _, v := range list {
		label, err := hex.DecodeString(v.Label)
		if err != nil {
			t.Fatal(err)
		}
		golden = append(golden, goldenLabel{label: label, cost: v.Cost})
	}
	return golden
}

func TestLabelAgreesWithTheTrainer(t *testing.T) {
	m := readModel(t)
	spelled := 0
	for _, v := range readGolden(t) {
		cost, ok := m.Label(v.label)
		switch {
		case v.cost == nil && (ok || cost != 0):
			t.Errorf("%q is spelled for %d, the trainer cannot", v.label, cost)
		case v.cost != nil && (!ok || cost != *v.cost):
			t.Errorf("cost of %q is %d, %v; the trainer has %d", v.label, cost, ok, *v.cost)
		case ok:
			spelled++
		}
	}
	if spelled < 1000 {
		t.Errorf("%d golden labels can be spelled", spelled)
	}
}

func TestLabelRefusesWhatCannotBeSpelled(t *testing.T) {
	m := readModel(t)
	refused := []string{"", "WWW", "a.b", "caf\xc3\xa9", "a\x00", strings.Repeat("a", MaxLen+1)}
	for c := range 256 {
		if !strings.Contains(Alphabet, string(rune(c))) || c >= 0x80 {
			refused = append(refused, "ab"+string([]byte{byte(c)})+"cd")
		}
	}
	for _, label := range refused {
		if cost, ok := m.Label([]byte(label)); ok || cost != 0 {
			t.Errorf("%q is spelled for %d", label, cost)
		}
	}
	for _, label := range []string{"a", "_", "-", "_dmarc", "xn--caf-dma", strings.Repeat("a", MaxLen)} {
		if _, ok := m.Label([]byte(label)); !ok {
			t.Errorf("%q is not spelled", label)
		}
	}
}

func TestLabelTellsWordsFromNoise(t *testing.T) {
	m := readModel(t)
	perCharacter := func(labels ...string) float64 {
		var cost, length float64
		for _, label := range labels {
			c, _ := m.Label([]byte(label))
			cost += float64(c) / Unit
			length += float64(len(label))
		}
		return cost / length
	}
	words := perCharacter("static-images", "autodiscover", "login", "support", "mail")
	noise := perCharacter("mzxw6ytboi4q7dkp2x5v", "k7x2m9q4w8z1v5j3t6pb")
	if words > 3 || noise < 5 {
		t.Errorf("words cost %.2f bits a character, base32 of random bytes %.2f", words, noise)
	}
}

// What a decoder that walks by Costs pays is what Label charges.
func TestCostsAddUpToLabel(t *testing.T) {
	m := readModel(t)
	for _, v := range readGolden(t) {
		if v.cost == nil {
			continue
		}
		var sum uint32
		for i, char := range v.label {
			costs, ok := m.Costs(v.label[:i])
			symbol, known := Symbol(char)
			if !ok || !known {
				t.Fatalf("%q: Costs %v, Symbol %v at byte %d", v.label, ok, known, i)
			}
			sum += uint32(costs[symbol])
		}
		costs, _ := m.Costs(v.label)
		if sum += uint32(costs[End]); sum != *v.cost {
			t.Errorf("costs of %q add up to %d, its own is %d", v.label, sum, *v.cost)
		}
	}
}

func TestCostsNeedCharactersOfTheAlphabet(t *testing.T) {
	m := readModel(t)
	for beginning, want := range map[string]bool{"": true, "a": true, "A": false, "ab.": false, ".abc": true, "a.bc": false} {
		if _, ok := m.Costs([]byte(beginning)); ok != want {
			t.Errorf("Costs after %q: %v", beginning, ok)
		}
	}
	for i := range len(Alphabet) {
		if s, ok := Symbol(Alphabet[i]); s != i || !ok {
			t.Errorf("Symbol(%q) is %d, %v", Alphabet[i], s, ok)
		}
	}
	if _, ok := Symbol('.'); ok {
		t.Error("a dot has a symbol")
	}
}

func TestConcurrently(t *testing.T) {
	m := readModel(t)
	golden := readGolden(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for _, v := range golden {
				if cost, ok := m.Label(v.label); ok && cost != *v.cost {
					t.Errorf("cost of %q changed to %d", v.label, cost)
				}
			}
		})
	}
	wg.Wait()
}

func TestLookUpsDoNotAllocate(t *testing.T) {
	m := readModel(t)
	label := []byte(strings.Repeat("x1", 31))
	if n := testing.AllocsPerRun(100, func() { m.Label(label); m.Costs(label) }); n != 0 {
		t.Errorf("%v allocations per call", n)
	}
}

func FuzzLabel(f *testing.F) {
	m := readModel(f)
	f.Add([]byte("www"))
	f.Add([]byte("WWW"))
	f.Add([]byte(strings.Repeat("\xff", 70)))
	f.Fuzz(func(t *testing.T, label []byte) {
		cost, ok := m.Label(label)
		want := len(label) >= 1 && len(label) <= MaxLen && !slices.ContainsFunc(label, func(c byte) bool {
			return !strings.Contains(Alphabet, string([]byte{c}))
		})
		if ok != want || ok && (cost == 0 || cost > uint32(len(label)+1)*math.MaxUint8) || !ok && cost != 0 {
			t.Errorf("Label(%q) is %d, %v", label, cost, ok)
		}
	})
}

// drawn are labels as the model has them, the nearest to those of real traffic.
func drawn(m *Model, n int) (labels [][]byte) {
	random := rand.New(rand.NewPCG(1, 2))
	for len(labels) < n {
		var label []byte
		for len(label) < MaxLen {
			costs, _ := m.Costs(label)
			at, symbol := random.Float64(), 0
			for at -= math.Exp2(-float64(costs[0]) / Unit); at > 0 && symbol < End; {
				symbol++
				at -= math.Exp2(-float64(costs[symbol]) / Unit)
			}
			if symbol == End {
				break
			}
			label = append(label, Alphabet[symbol])
		}
		if len(label) > 0 {
			labels = append(labels, label)
		}
	}
	return labels
}

func BenchmarkLabel(b *testing.B) {
	m := readModel(b)
	for _, c := range []struct {
		name   string
		labels [][]byte
	}{
		{"one", [][]byte{[]byte("static-images")}},
		{"drawn", drawn(m, 50_000)},
	} {
		b.Run(c.name, func(b *testing.B) {
			characters, i := 0, 0
			b.ReportAllocs()
			for b.Loop() {
				m.Label(c.labels[i])
				characters += len(c.labels[i])
				if i++; i == len(c.labels) {
					i = 0
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(characters), "ns/character")
		})
	}
}
