package feature

import (
	"math"
	"testing"
)

func TestMeasure(t *testing.T) {
	tests := []struct {
		prefix          string
		labels, longest int
		entropy         float64
	}{
		{"", 0, 0, 0},
		{"www", 1, 3, 0},
		{"ab.cd", 2, 2, 2},
		{"_sip._tcp", 2, 4, math.Log2(8) - (2+2)/8.0},
		{"a_b", 1, 3, math.Log2(3)},
		{"a-b.-", 2, 3, math.Log2(4) - 2/4.0},
		{"aabb.c", 2, 4, math.Log2(5) - 4/5.0},
		{"..", 3, 0, 0},
		{"\xff\x80", 1, 2, 1},
	}
	for _, tc := range tests {
		want := Shape{Len: len(tc.prefix), Labels: tc.labels, Longest: tc.longest}
		if s := ShapeOf([]byte(tc.prefix)); s != want {
			t.Errorf("ShapeOf(%q) = %+v, want %+v", tc.prefix, s, want)
		}
		text := Measure([]byte(tc.prefix))
		if text.Len != len(tc.prefix) || math.Abs(float64(text.Entropy)-tc.entropy) > 1e-5 {
			t.Errorf("Measure(%q) = %+v, want an entropy of %v", tc.prefix, text, tc.entropy)
		}
	}
}

// The numbers are worked out by hand from the formulas in doc.go.
func TestVector(t *testing.T) {
	s := Summary{
		Events: 4, Answered: 2, Told: 1, Retold: 3,
		Fresh: 2, New: 20, Bytes: 31, BytesSq: 11*11 + 20*20, Longest: 26, Segments: 12,
		Bits: 120, BitsSq: 50*50 + 70*70, Down: 62,
		Entropy: 5, EntropySq: 4 + 9, LossBytes: 0.2*8 + 0.4*12,
	}
	s.Chars[0], s.Chars[classDigit+9], s.Chars[classHyphen] = 10, 15, 5
	s.AnswerCounts[1], s.AnswerCounts[2] = 8, 8
	h := 1./3*math.Log2(3) + 1./2*math.Log2(2) + 1./6*math.Log2(6)
	want := Vector{
		2.5, 0.5, float32(h), 1, 0.5, 0.5, 3, 0.1, 6.4 / 20, 12. / 20,
		30, 10, 6, 20. / 31, 4, 13, 4.5, 5, float32(math.Log2(63)), 1. / 6,
	}
	got := s.Vector()
	for i := range want {
		if math.Abs(float64(got[i]-want[i])) > 1e-5 {
			t.Errorf("%s = %v, want %v", Names[i], got[i], want[i])
		}
	}
}

func TestVectorOfNothing(t *testing.T) {
	var s Summary
	for i, x := range s.Vector() {
		want := float32(0)
		switch i {
		case 3, 5, 17:
			want = Unanswered
		}
		if x != want {
			t.Errorf("%s of an empty window = %v, want %v", Names[i], x, want)
		}
	}
}

func TestMeasureAndVectorDoNotAllocate(t *testing.T) {
	prefix := []byte("abc-def.0123456789.ghi")
	var s Summary
	if got := testing.AllocsPerRun(100, func() {
		p := Measure(prefix)
		s.Bytes += p.Len + ShapeOf(prefix).Len
		v := s.Vector()
		s.Longest += int(v[0])
	}); got != 0 {
		t.Errorf("%v allocations, want none", got)
	}
}

func BenchmarkMeasure(b *testing.B) {
	prefix := []byte("d2f8a91c.0123456789abcdef0123456789.static-content-ab")
	for b.Loop() {
		Measure(prefix)
	}
}

func BenchmarkVector(b *testing.B) {
	s := Summary{Events: 40, Fresh: 30, Bytes: 900, BytesSq: 28000, Answered: 30}
	for i := range s.Chars {
		s.Chars[i] = uint32(20 * i)
	}
	for b.Loop() {
		s.Vector()
	}
}
