package autoencoder

import "golang.org/x/sys/cpu"

//go:generate sh -c "cd avo && go run . -pkg autoencoder -out ../distance_amd64.s -stubs ../distance_amd64.go"

// hasKernel reports whether the processor runs the AVX2 kernel. GODEBUG=cpu.avx2=off
// makes it none.
var hasKernel = cpu.X86.HasAVX2 && cpu.X86.HasFMA

// distance is the sum of squares of which Loss is the mean.
func (p *Plan) distance(ids *padded, s sizes, l *layers) float32 {
	if !hasKernel {
		return p.distancePortable(ids, s, l)
	}
	return distanceAVX2(&p.embed[0][0], &p.taps[0][0][0], &p.conv2[0][0][0], &p.up1[0][0][0], &p.up2[0][0][0],
		&ids[0], &l.a[0], &l.b[0][0], s.n, s.first, s.codes, s.pairs1)
}
