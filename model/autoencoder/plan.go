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

const (
	dim    = 16 // embedding, and the reconstruction of it
	wide   = 16 // channels of the outer layers
	narrow = 8  // channels of the code
	kernel = 5
	stride = 2
	edge   = 2 // zero positions that a convolution sees beyond either end
)

// block is how many outputs the inner loop makes at once: as many sums, with their
// products, as amd64 keeps in registers; eight spill and take 1.5 times as long.
const block = 4

// Plan is a compiled autoencoder. It is immutable and safe for concurrent use.
type Plan struct {
	embed [Symbols][dim]float32
	// taps is the embedding multiplied into the first convolution: what an id
	// adds to each channel at each tap.
	taps  [kernel][Symbols][wide]float32
	conv1 [wide]float32 // bias
	conv2 layer
	// A transposed convolution of stride 2 is two ordinary ones, for even and
	// odd outputs, over the inputs i-1, i, i+1 and i, i+1.
	even1, odd1, even2, odd2 layer
}

// layer is a product of a row of inputs with a matrix, cut into blocks of
// outputs.
type layer struct {
	bias    [][block]float32 // by block
	weights [][][block]float32
}

// Loss is the masked mean squared error of the reconstruction,
// Σ(y−e)²/(16·n) over the n real positions of an unescaped prefix, of which the
// first MaxLen bytes count. An empty prefix has loss 0. It allocates nothing.
func (p *Plan) Loss(prefix []byte) float32 {
	var ids [edge + MaxLen + edge]uint8
	n := Encode((*[MaxLen]uint8)(ids[edge:]), prefix)
	if n == 0 {
		return 0
	}
	// Positions that the first n outputs depend on, layer by layer backwards.
	pairs2 := (n + 1) / 2
	pairs1 := (min(MaxLen/2, pairs2+1) + 1) / 2
	codes := min(MaxLen/4, pairs1+1)
	first := min(MaxLen/2, stride*(codes-1)+kernel-edge)

	var a [(edge + MaxLen/2 + edge) * wide]float32
	for i := range first {
		p.embedded(a[(edge+i)*wide:][:wide], ids[stride*i:][:kernel])
	}
	var b [(1 + MaxLen/4 + 1) * narrow]float32
	for i := range codes {
		p.conv2.relu(b[(1+i)*narrow:][:narrow], a[stride*i*wide:][:kernel*wide])
	}
	var c [(1 + MaxLen/2 + 1) * wide]float32
	for i := range pairs1 {
		out := c[(1+2*i)*wide:][:2*wide]
		p.even1.relu(out[:wide], b[i*narrow:][:3*narrow])
		p.odd1.relu(out[wide:], b[(i+1)*narrow:][:2*narrow])
	}
	var sum float32
	for i := range n {
		at := i / 2
		if i%2 == 0 {
			sum += p.even2.distance(&p.embed[ids[edge+i]], c[at*wide:][:3*wide])
		} else {
			sum += p.odd2.distance(&p.embed[ids[edge+i]], c[(at+1)*wide:][:2*wide])
		}
	}
	return sum / float32(dim*n)
}

// embedded is the first convolution at one position, over the ids of its taps.
func (p *Plan) embedded(out []float32, ids []uint8) {
	t0, t1, t2 := &p.taps[0][ids[0]], &p.taps[1][ids[1]], &p.taps[2][ids[2]]
	t3, t4 := &p.taps[3][ids[3]], &p.taps[4][ids[4]]
	for i := range out[:wide] {
		out[i] = max(0, p.conv1[i]+t0[i]+t1[i]+t2[i]+t3[i]+t4[i])
	}
}

// relu writes the positive part of the product with in to out.
func (l *layer) relu(out, in []float32) {
	for i := range l.bias {
		sums := l.bias[i]
		multiply(&sums, in, l.weights[i])
		for j, v := range sums {
			out[i*block+j] = max(0, v)
		}
	}
}

// distance is the squared distance of the product with in from want.
func (l *layer) distance(want *[dim]float32, in []float32) float32 {
	var total float32
	for i := range dim / block {
		sums := l.bias[i]
		multiply(&sums, in, l.weights[i])
		for j, v := range sums {
			d := v - want[i*block+j]
			total += d * d
		}
	}
	return total
}

// multiply adds the product of in and w, one row per input, to sums.
func multiply(sums *[block]float32, in []float32, w [][block]float32) {
	s0, s1, s2, s3 := sums[0], sums[1], sums[2], sums[3]
	w = w[:len(in)]
	for i, v := range in {
		r := &w[i]
		s0 += v * r[0]
		s1 += v * r[1]
		s2 += v * r[2]
		s3 += v * r[3]
	}
	*sums = [block]float32{s0, s1, s2, s3}
}
