package meter

import (
	"math"
	"math/rand/v2"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/model/surprisal"
)

// spelledBy draws a label by the model, each symbol by its cost, and returns its
// information.
func spelledBy(r *rand.Rand, m *surprisal.Model) (label string, bits float64) {
	for {
		label, bits := []byte(nil), 0.
		for len(label) < surprisal.MaxLen {
			weights, sum := weightsAfter(m, label)
			u, symbol := r.Float64()*sum, 0
			for u -= weights[0]; u >= 0 && symbol < surprisal.End; u -= weights[symbol] {
				symbol++
			}
			bits -= math.Log2(weights[symbol] / sum)
			if symbol == surprisal.End {
				break
			}
			label = append(label, surprisal.Alphabet[symbol])
		}
		if len(label) > 0 && len(label) < surprisal.MaxLen {
			return string(label), bits
		}
	}
}

// spelledLikelihood is how likely spelledBy draws the label, but for the few that it
// throws away.
func spelledLikelihood(m *surprisal.Model, label string) float64 {
	likely := 1.
	for i := 0; i <= len(label); i++ {
		weights, sum := weightsAfter(m, []byte(label[:i]))
		symbol := surprisal.End
		if i < len(label) {
			var ok bool
			if symbol, ok = surprisal.Symbol(label[i]); !ok {
				return 0
			}
		}
		likely *= weights[symbol] / sum
	}
	return likely
}

func weightsAfter(m *surprisal.Model, beginning []byte) (weights [surprisal.Symbols]float64, sum float64) {
	costs, _ := m.Costs(beginning)
	for i, cost := range costs {
		weights[i] = math.Exp2(-float64(cost) / surprisal.Unit)
		sum += weights[i]
	}
	return weights, sum
}

// sampled is a name of one label as the model likes it.
func sampled(r *rand.Rand, m *surprisal.Model) (prefix string, qtype uint16, bits float64) {
	label, bits := spelledBy(r, m)
	return label, dns.TypeA, bits
}
