package feature

import (
	"math"
	"testing"
)

// The numbers are worked out by hand.
func TestJointVector(t *testing.T) {
	s := Joint{
		SLDs: 2, Events: 4, Answered: 2, Bits: 120, New: 24, Bytes: 60, BytesSq: 4 * 15 * 15, Longest: 40, Digits: 15,
		Labels: 8, Shared: 2, Entropy: 10, Down: 14, Apart: 4, Alike: 3,
	}
	want := JointVector{5, 0.4, 2.5, 10, 0.25, 0, 3, 0.25, 0.75}
	for i, got := range s.Vector() {
		if math.Abs(float64(got-want[i])) > 1e-6 {
			t.Errorf("%s = %v, want %v", JointNames[i], got, want[i])
		}
	}
	if s.Information() != 29 {
		t.Errorf("%d bytes of information", s.Information())
	}
}

func TestJointVectorOfNothing(t *testing.T) {
	var s Joint
	for i, got := range s.Vector() {
		if want := map[string]float32{"down_mean": Unanswered}[JointNames[i]]; got != want {
			t.Errorf("%s of nothing = %v, want %v", JointNames[i], got, want)
		}
	}
}
