package feature

import "math"

// Summary is a window in plain numbers, as package window adds them up.
type Summary struct {
	Events   int // distinct prefixes within 10 s
	Answered int // events with a reply
	Carrier  int // events of a type that carries data
	Changed  int // Σ bytes in labels that the event before did not have

	Prefixes  int // |U|
	Bytes     int // Σ|p|
	BytesSq   int // Σ|p|²
	Labels    int
	Longest   int
	Segments  int
	Entropy   float64 // ΣH, bits
	EntropySq float64
	Loss      float64 // Σ loss
	LossSq    float64
	LossBytes float64 // Σ loss·|p|

	Chars        [Classes]uint32
	AnswerCounts [AnswerClasses]uint32
}

// Unanswered stands for the feature of replies where there was none.
const Unanswered = -1

// Vector computes the features. Every value is finite, whatever the sums.
func (s *Summary) Vector() (v Vector) {
	n, events := float64(max(s.Prefixes, 1)), float64(max(s.Events, 1))
	bytes := float64(max(s.Bytes, 1))
	distinct, chars, digits := 0, uint32(0), uint32(0)
	for class, count := range s.Chars {
		if count > 0 {
			distinct++
		}
		chars += count
		if class >= classDigit && class < classHyphen {
			digits += count
		}
	}
	cumulated, evenness := entropy(s.Chars[:]), float32(1)
	if distinct > 1 {
		evenness = cumulated / float32(math.Log2(float64(distinct)))
	}
	share := func(count uint32) float32 { return float32(count) / float32(max(chars, 1)) }
	v = Vector{
		0:  float32(s.Entropy / n),
		1:  deviation(s.Entropy, s.EntropySq, n),
		2:  cumulated,
		3:  Unanswered,
		4:  float32(float64(s.Prefixes) / events),
		5:  evenness,
		6:  float32(distinct),
		7:  share(digits),
		8:  float32(s.LossBytes / bytes),
		9:  deviation(s.Loss, s.LossSq, n),
		10: float32(s.LossBytes / events),
		11: float32(float64(s.Segments) / bytes),
		12: float32(float64(s.Bytes) / n),
		13: deviation(float64(s.Bytes), float64(s.BytesSq), n),
		14: float32(float64(s.Longest) / n),
		15: float32(float64(s.Labels) / n),
		16: float32(math.Log2(1 + float64(s.Bytes))),
		17: float32(float64(s.Carrier) / events),
		18: share(s.Chars[classHyphen]),
		19: float32(math.Log2(1 + float64(s.Changed))),
	}
	if s.Answered > 0 {
		v[3] = entropy(s.AnswerCounts[:])
	}
	return v
}

// deviation is the standard deviation of n values with that sum and sum of
// squares.
func deviation(sum, squares, n float64) float32 {
	mean := sum / n
	return float32(math.Sqrt(max(squares/n-mean*mean, 0)))
}
