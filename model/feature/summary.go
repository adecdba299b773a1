package feature

import "math"

// Summary is a window in plain numbers, as package window adds them up.
type Summary struct {
	Events   int // distinct prefixes within 10 s
	Answered int // events with a reply
	Negative int // events answered NXDOMAIN
	Carrier  int // events of a type that carries data

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

	AnswerSets   float64 // distinct answer sets, estimated
	AnswerBytes  int     // rdata bytes that are no address
	Chars        [Classes]uint32
	AnswerCounts [AnswerClasses]uint32
}

// Unanswered stands for the features of replies where there was none.
const Unanswered = -1

// The caps of features 8 and 20.
const (
	ratioBytes   = 256
	payloadBytes = 1024
)

// Vector computes the features. Every value is finite, whatever the sums.
func (s *Summary) Vector() (v Vector) {
	n, events := float64(max(s.Prefixes, 1)), float64(max(s.Events, 1))
	bytes := float64(max(s.Bytes, 1))
	chars := 0
	for _, c := range s.Chars {
		if c > 0 {
			chars++
		}
	}
	v = Vector{
		0:  float32(s.Entropy / n),
		1:  deviation(s.Entropy, s.EntropySq, n),
		2:  entropy(s.Chars[:]),
		3:  Unanswered,
		4:  float32(float64(s.Prefixes) / events),
		5:  Unanswered,
		6:  float32(chars),
		7:  float32(float64(chars) / min(bytes, ratioBytes)),
		8:  float32(s.LossBytes / bytes),
		9:  deviation(s.Loss, s.LossSq, n),
		10: float32(s.LossBytes / events),
		11: float32(float64(s.Segments) / bytes),
		12: float32(float64(s.Bytes) / n),
		13: deviation(float64(s.Bytes), float64(s.BytesSq), n),
		14: float32(float64(s.Longest) / n),
		15: float32(float64(s.Labels) / n),
		16: float32(float64(s.Bytes) / events),
		17: float32(float64(s.Carrier) / events),
		18: Unanswered,
		19: Unanswered,
	}
	if s.Answered > 0 {
		answered := float64(s.Answered)
		v[3] = entropy(s.AnswerCounts[:])
		v[5] = float32(min(s.AnswerSets/answered, 1))
		v[18] = float32(float64(s.Negative) / answered)
		v[19] = float32(math.Log2(1 + min(float64(s.AnswerBytes)/answered, payloadBytes)))
	}
	return v
}

// deviation is the standard deviation of n values with that sum and sum of
// squares.
func deviation(sum, squares, n float64) float32 {
	mean := sum / n
	return float32(math.Sqrt(max(squares/n-mean*mean, 0)))
}
