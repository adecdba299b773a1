package feature

import "math"

// JointCount is the length of a vector of a client.
const JointCount = 9

// JointVector is a client over all its unknown SLDs as the joint forest sees it, in
// the order of JointNames.
type JointVector [JointCount]float32

// JointNames are the features in the order of a JointVector:
//
//	bits_per_byte       information in a byte that is new to the client, below whatever SLD
//	new_share           share of bytes that are new to it
//	entropy_mean        mean of H over the events, bits
//	longest_label_mean  mean length of the longest label
//	digit_share         share of bytes that are digits
//	len_std             standard deviation of the lengths
//	down_mean           log2 of one more than the bytes that came in with a reply, Unanswered without any
//	shared_labels       share of labels that came under another SLD before
//	alike               share of pairs of events below different SLDs that are laid out alike
//
// On clients and tools that were left out, these did better alone than with the
// number of SLDs, how evenly information is spread over them, how regular the events
// are, or how much each says.
var JointNames = [JointCount]string{
	"bits_per_byte",
	"new_share",
	"entropy_mean",
	"longest_label_mean",
	"digit_share",
	"len_std",
	"down_mean",
	"shared_labels",
	"alike",
}

// Joint is the window of a client in plain numbers, as package plugin/joint adds them
// up.
type Joint struct {
	SLDs     int // that events are below
	Events   int // names that say something new
	Answered int // events with a reply
	Bits     int // Σ information
	New      int // Σ bytes that are new
	Bytes    int // Σ|p|
	BytesSq  int
	Longest  int // Σ bytes of the longest label
	Digits   int
	Labels   int
	Shared   int     // labels that came under another SLD before
	Entropy  float64 // ΣH, bits
	Down     int     // bytes of information that came in
	Apart    int     // pairs of events below different SLDs
	Alike    int     // those that are laid out alike
}

// Information is what passed, both ways, in bytes.
func (s *Joint) Information() int { return s.Bits/8 + s.Down }

// Vector computes the features. Every value is finite, whatever the sums.
func (s *Joint) Vector() JointVector {
	n, bytes := float64(max(s.Events, 1)), float64(max(s.Bytes, 1))
	down := float32(Unanswered)
	if s.Answered > 0 {
		down = float32(math.Log2(1 + float64(s.Down)/float64(s.Answered)))
	}
	return JointVector{
		float32(float64(s.Bits) / float64(max(s.New, 1))),
		float32(float64(s.New) / bytes),
		float32(s.Entropy / n),
		float32(float64(s.Longest) / n),
		float32(float64(s.Digits) / bytes),
		deviation(float64(s.Bytes), float64(s.BytesSq), n),
		down,
		float32(float64(s.Shared) / float64(max(s.Labels, 1))),
		float32(float64(s.Alike) / float64(max(s.Apart, 1))),
	}
}
