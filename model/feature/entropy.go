package feature

import "math"

// entropyTable holds n·log2(n) for the counts that occur often.
var entropyTable = func() (t [4096]float32) {
	for i := 2; i < len(t); i++ {
		t[i] = float32(float64(i) * math.Log2(float64(i)))
	}
	return t
}()

func nLogN(n int) float32 {
	if n < len(entropyTable) {
		return entropyTable[n]
	}
	return float32(float64(n) * math.Log2(float64(n)))
}

// entropy is the Shannon entropy, in bits, of a histogram:
// log2(N) − Σ n·log2(n) / N. An empty histogram has none.
func entropy[T uint8 | uint32](counts []T) float32 {
	total, sum := 0, float32(0)
	for _, n := range counts {
		total += int(n)
		sum += nLogN(int(n))
	}
	if total == 0 {
		return 0
	}
	return max((nLogN(total)-sum)/float32(total), 0)
}
