//go:build !amd64

package autoencoder

// distance is the sum of squares of which Loss is the mean.
func (p *Plan) distance(ids *padded, s sizes, l *layers) float32 {
	return p.distancePortable(ids, s, l)
}
