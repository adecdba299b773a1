package autoencoder

// block is how many outputs the inner loop makes at once: as many sums, with their
// products, as amd64 keeps in registers; eight spill and take 1.5 times as long.
const block = 4

// distancePortable is the sum of squares of which Loss is the mean, in plain
// Go: for processors without a kernel of their own, and what kernels are tested
// against.
func (p *Plan) distancePortable(ids *padded, s sizes, l *layers) float32 {
	// The edges, which the kernel uses otherwise.
	a, b, c := &l.a, &l.b, &l.c
	clear(a[:edge*wide])
	clear(a[(edge+MaxLen/2)*wide:])
	for i := range s.first {
		p.embedded(a[(edge+i)*wide:][:wide], ids[stride*i:][:kernel])
	}
	for i := range s.codes {
		var y lane
		for half := range y {
			y[half] = p.conv2[0][half]
			multiply(&y[half], a[stride*i*wide:][:kernel*wide], p.conv2[1:], 1, half)
			for j, v := range y[half] {
				b[1+i][half*block+j] = max(0, v)
			}
		}
	}
	for i := range s.pairs1 {
		for at := range wide / block {
			even, odd := transposed(p.up1[:], b[i][:], b[i+1][:], b[i+2][:], at)
			for j := range block {
				c[1+2*i][at*block+j] = max(0, even[j])
				c[2+2*i][at*block+j] = max(0, odd[j])
			}
		}
	}
	var sum float32
	for i := range s.pairs2 {
		for at := range wide / block {
			even, odd := transposed(p.up2[:], c[i][:], c[i+1][:], c[i+2][:], at)
			sum += squares(&even, p.embed[ids[edge+2*i]][at*block:])
			if 2*i+1 < s.n {
				sum += squares(&odd, p.embed[ids[edge+2*i+1]][at*block:])
			}
		}
	}
	return sum
}

// embedded is the first convolution at one position, over the ids of its taps.
func (p *Plan) embedded(out []float32, ids []uint8) {
	t0, t1, t2 := &p.taps[0][ids[0]], &p.taps[1][ids[1]], &p.taps[2][ids[2]]
	t3, t4 := &p.taps[3][ids[3]], &p.taps[4][ids[4]]
	for i := range out[:wide] {
		out[i] = max(0, t0[i]+t1[i]+t2[i]+t3[i]+t4[i])
	}
}

// transposed makes one block of outputs 2i and 2i+1 of a transposed convolution
// from the inputs i-1, i and i+1.
func transposed(l []lane, outer, middle, last []float32, at int) (even, odd [block]float32) {
	at, half := at/2, at%2
	even, odd = l[at][half], l[at][half]
	w := l[biasLanes:]
	multiply(&even, outer, w[outerEven+at:], tapLanes, half)
	multiply(&even, middle, w[middleEven+at:], tapLanes, half)
	multiply(&odd, middle, w[middleOdd+at:], tapLanes, half)
	multiply(&even, last, w[lastEven+at:], tapLanes, half)
	multiply(&odd, last, w[lastOdd+at:], tapLanes, half)
	return even, odd
}

// multiply adds the product of in with one half of every step-th lane to sums.
func multiply(sums *[block]float32, in []float32, w []lane, step, half int) {
	s0, s1, s2, s3 := sums[0], sums[1], sums[2], sums[3]
	half &= 1
	for i, v := range in {
		r := &w[i*step][half]
		s0 += v * r[0]
		s1 += v * r[1]
		s2 += v * r[2]
		s3 += v * r[3]
	}
	*sums = [block]float32{s0, s1, s2, s3}
}

// squares is the squared distance of a block of outputs from what they should
// be.
func squares(y *[block]float32, want []float32) (sum float32) {
	for j, v := range want[:block] {
		d := y[j] - v
		sum += d * d
	}
	return sum
}
