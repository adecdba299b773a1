package surprisal

import (
	"math"
	"testing"
)

// probabilities are those of the symbols after each context, by way of Costs
// for the contexts that a label can have.
func probabilities(t *testing.T, m *Model) (rows [contexts][Symbols]float64, possible [contexts]bool) {
	t.Helper()
	var visit func(beginning []byte)
	visit = func(beginning []byte) {
		costs, ok := m.Costs(beginning)
		if !ok {
			t.Fatalf("no costs after %q", beginning)
		}
		at := contexts - 1
		for _, char := range beginning {
			s, _ := Symbol(char)
			at = (at*Symbols + s) % contexts
		}
		possible[at] = true
		for i, cost := range costs {
			rows[at][i] = math.Exp2(-float64(cost) / Unit)
		}
		if len(beginning) < before {
			for i := range len(Alphabet) {
				visit(append(beginning, Alphabet[i]))
			}
		}
	}
	visit(make([]byte, 0, before))
	return rows, possible
}

// Nothing is spelled for less than its share, whatever came before it, and
// nothing is impossible.
func TestEveryRowSumsToAtMostOne(t *testing.T) {
	m := readModel(t)
	if len(m.costs)%Symbols != 0 {
		t.Fatalf("%d costs are no rows", len(m.costs))
	}
	least := 1.0
	for row := 0; row < len(m.costs); row += Symbols {
		sum := 0.0
		for _, cost := range m.costs[row:][:Symbols] {
			sum += math.Exp2(-float64(cost) / Unit)
		}
		if sum > 1 {
			t.Errorf("row %d sums to %.12f", row/Symbols, sum)
		}
		least = min(least, sum)
	}
	if least < 0.98 {
		t.Errorf("a row sums to %v: its costs are higher than they need be", least)
	}
	rows, possible := probabilities(t, m)
	for at, row := range rows {
		sum := 0.0
		for _, p := range row {
			sum += p
		}
		if possible[at] && sum > 1 {
			t.Errorf("after %s the symbols sum to %.12f", describe(at), sum)
		}
	}
}

// The probabilities of all labels of at most MaxLen characters sum to at most
// 1. From the end: what a context leaves for its label to end within n more
// characters is the end's probability and, for each character, its probability
// times what the context behind it leaves within n-1.
func TestAllLabelsSumToAtMostOne(t *testing.T) {
	m := readModel(t)
	rows, possible := probabilities(t, m)
	within := new([contexts]float64)
	for n := range MaxLen + 1 {
		next := new([contexts]float64)
		for at := range contexts {
			if !possible[at] {
				continue
			}
			next[at] = rows[at][End]
			for s := range End {
				next[at] += rows[at][s] * within[(at*Symbols+s)%contexts]
			}
		}
		within = next
		if n == 3 {
			agreesWithEveryShortLabel(t, m, within[contexts-1]-rows[contexts-1][End])
		}
	}
	sum := within[contexts-1]
	t.Logf("the labels, with the empty one, sum to %.6f", sum)
	if sum > 1 || sum < 0.9 {
		t.Errorf("the labels sum to %v", sum)
	}
}

// agreesWithEveryShortLabel adds up Label itself over all labels of one to three
// characters, and bounds longer ones by what their first three leave.
func agreesWithEveryShortLabel(t *testing.T, m *Model, want float64) {
	t.Helper()
	sum, rest := 0.0, 0.0
	var visit func(label []byte)
	visit = func(label []byte) {
		for i := range len(Alphabet) {
			label := append(label, Alphabet[i])
			cost, ok := m.Label(label)
			if !ok {
				t.Fatalf("%q is not spelled", label)
			}
			sum += math.Exp2(-float64(cost) / Unit)
			if len(label) < 3 {
				visit(label)
				continue
			}
			costs, _ := m.Costs(label)
			rest += math.Exp2(-(float64(cost) - float64(costs[End])) / Unit)
		}
	}
	visit(make([]byte, 0, 3))
	if math.Abs(sum-want) > 1e-9 {
		t.Errorf("labels of at most three characters sum to %v, by their contexts to %v", sum, want)
	}
	// rest is all that begins with three characters, of which sum has those that end there.
	three := 0.0
	for i := range len(Alphabet) {
		for j := range len(Alphabet) {
			for k := range len(Alphabet) {
				cost, _ := m.Label([]byte{Alphabet[i], Alphabet[j], Alphabet[k]})
				three += math.Exp2(-float64(cost) / Unit)
			}
		}
	}
	if total := sum - three + rest; total > 1 {
		t.Errorf("labels sum to as much as %v", total)
	}
}
