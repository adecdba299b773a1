// Package autoencoder tells how unlike a benign host name a prefix is: the loss
// of a small convolutional autoencoder that was trained on benign prefixes.
//
// The net embeds each character in 16 dimensions and runs two convolutions
// (kernel 5, stride 2, 16 and then 8 channels) and two transposed ones back.
// A Plan is that net compiled for one prefix at a time. It computes only what
// can reach the real positions, which makes a short prefix cheap, and agrees
// with ONNX Runtime on the padded input because it follows its arithmetic at
// both ends: beyond the array a convolution sees zero, inside it the padding
// has a zero embedding but passes on the biases.
package autoencoder

import "sync"

const (
	dim    = 16 // embedding, and the reconstruction of it
	wide   = 16 // channels of the outer layers
	narrow = 8  // channels of the code
	kernel = 5
	stride = 2
	edge   = 2 // zero positions that a convolution sees beyond either end
)

// lane is one register of the AVX2 kernel, and two blocks of the portable code.
type lane [2][block]float32

// Plan is a compiled autoencoder. It is immutable and safe for concurrent use.
type Plan struct {
	embed [Symbols][dim]float32
	// taps is the embedding multiplied into the first convolution: what an id
	// adds to each channel at each tap. The bias is in the middle tap.
	taps [kernel][Symbols][wide]float32
	// conv2 is the second convolution: its bias, then the weights of each input
	// channel at each tap, all for the narrow output channels.
	conv2 [1 + kernel*wide]lane
	// up1 and up2 are the transposed convolutions.
	up1 [biasLanes + narrow*tapLanes]lane
	up2 [biasLanes + wide*tapLanes]lane
}

// A transposed convolution of stride 2 is two ordinary ones: output 2i takes
// taps 4, 2, 0 from inputs i-1, i, i+1, output 2i+1 takes taps 3, 1 from inputs
// i, i+1. Its lanes are the bias and then, for each input channel, the weights
// in this order, each of them for the wide output channels.
const (
	biasLanes  = wide / 8
	outerEven  = 0             // input i-1 to output 2i
	middleEven = 1 * biasLanes // input i to output 2i
	middleOdd  = 2 * biasLanes // input i to output 2i+1
	lastEven   = 3 * biasLanes // input i+1 to output 2i
	lastOdd    = 4 * biasLanes // input i+1 to output 2i+1
	tapLanes   = 5 * biasLanes
)

// padded are the ids of a prefix with those that a convolution sees beyond
// either end.
type padded [edge + MaxLen + edge]uint8

// sizes is how much of each layer the first n outputs depend on.
type sizes struct {
	n      int // real positions
	first  int // outputs of the first convolution
	codes  int // of the second
	pairs1 int // pairs of outputs of the first transposed convolution
	pairs2 int // of the second
}

func sizesOf(n int) (s sizes) {
	s.n = n
	s.pairs2 = (n + 1) / 2
	s.pairs1 = (min(MaxLen/2, s.pairs2+1) + 1) / 2
	s.codes = min(MaxLen/4, s.pairs1+1)
	s.first = min(MaxLen/2, stride*(s.codes-1)+kernel-edge)
	return s
}

// Loss is the masked mean squared error of the reconstruction,
// Σ(y−e)²/(16·n) over the n real positions of an unescaped prefix, of which the
// first MaxLen bytes count. An empty prefix has loss 0. It allocates nothing.
func (p *Plan) Loss(prefix []byte) float32 {
	var ids padded
	n := Encode((*[MaxLen]uint8)(ids[edge:]), prefix)
	if n == 0 {
		return 0
	}
	l := buffers.Get().(*layers)
	defer buffers.Put(l)
	return p.distance(&ids, sizesOf(n), l) / float32(dim*n)
}

// layers are the outputs of the layers, with the zeros that the next one sees
// beyond either end. Rows past what a prefix needs hold what was there before;
// nothing that counts depends on them. Layers are pooled: on the stack they
// would make that of many a query grow, which takes longer than the net.
type layers struct {
	a [(edge + MaxLen/2 + edge) * wide]float32 // the kernel puts c here as well
	b [1 + MaxLen/4 + 1][narrow]float32
	c [1 + MaxLen/2 + 1][wide]float32
}

var buffers = sync.Pool{New: func() any { return new(layers) }}
