package feature

import "math"

// Summary is a window in plain numbers, as package window adds them up.
type Summary struct {
	Events   int // prefixes within 10 s
	Answered int // events with a reply
	Told     int // events with a reply that brought in something new
	Retold   int // further replies to an event that did

	Fresh     int // |F|, events in which something was new
	Bytes     int // Σ|p| over F
	BytesSq   int // Σ|p|²
	New       int // Σ|n|, n being what was new in p
	Longest   int
	Segments  int
	Bits      int // information
	BitsSq    int
	Entropy   float64 // ΣH, bits
	EntropySq float64
	LossBytes float64 // Σ loss·|n|
	Down      int     // bytes of information that came in

	Chars        [Classes]uint32
	AnswerCounts [AnswerClasses]uint32 // of what was new
}

// Information is what passed, both ways, in bytes.
func (s *Summary) Information() int { return s.Bits/8 + s.Down }

// Acts is how many events there were, a further reply with something new being as good
// as one.
func (s *Summary) Acts() int { return s.Events + s.Retold }

// Unanswered stands for a feature of replies where there was none.
const Unanswered = -1

// Vector computes the features. Every value is finite, whatever the sums.
func (s *Summary) Vector() (v Vector) {
	n, events := float64(max(s.Fresh, 1)), float64(max(s.Events, 1))
	bytes, fresh := float64(max(s.Bytes, 1)), float64(max(s.New, 1))
	distinct, chars := 0, uint32(0)
	for _, count := range s.Chars {
		if count > 0 {
			distinct++
		}
		chars += count
	}
	v = Vector{
		0:  float32(s.Entropy / n),
		1:  deviation(s.Entropy, s.EntropySq, n),
		2:  entropy(s.Chars[:]),
		3:  Unanswered,
		4:  float32(float64(s.Fresh) / events),
		5:  Unanswered,
		6:  float32(distinct),
		7:  float32(distinct) / float32(min(max(chars, 1), mostChars)),
		8:  float32(s.LossBytes / fresh),
		9:  float32(float64(s.Segments) / fresh),
		10: float32(float64(s.Bits) / events),
		11: deviation(float64(s.Bits), float64(s.BitsSq), n),
		12: float32(float64(s.Bits) / fresh),
		13: float32(float64(s.New) / bytes),
		14: logarithm(float64(s.Bits) / 8),
		15: float32(float64(s.Longest) / n),
		16: deviation(float64(s.Bytes), float64(s.BytesSq), n),
		17: Unanswered,
		18: logarithm(float64(s.Down)),
		19: float32(s.Chars[classHyphen]) / float32(max(chars, 1)),
	}
	if s.Answered > 0 {
		v[3] = entropy(s.AnswerCounts[:])
		v[5] = float32(float64(s.Told) / float64(s.Answered))
		v[17] = logarithm(float64(s.Down) / float64(s.Answered))
	}
	return v
}

// mostChars is of how many characters at most a share is distinct: of more, nearly all
// that there are occur in any window.
const mostChars = 256

func logarithm(x float64) float32 { return float32(math.Log2(1 + x)) }

// deviation is the standard deviation of n values with that sum and sum of
// squares.
func deviation(sum, squares, n float64) float32 {
	mean := sum / n
	return float32(math.Sqrt(max(squares/n-mean*mean, 0)))
}
