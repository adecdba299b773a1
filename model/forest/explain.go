package forest

// Explain says what each feature adds to the probability of a vector: on the way down
// each tree, a split moves the mean of the training rows that came as far, and what it
// moves is put down to its feature. parts is as long as the vector; base, the mean of all
// training rows, and the parts add up to the probability. Errors are those of Probability.
//
// The method is Saabas' ("Interpreting random forests", 2014), which Palczewska et al.
// ("Interpreting random forest classification models using a feature contribution
// method", 2013) describe as well: unlike Shapley values it takes one walk.
func (f *Forest) Explain(x []float32, parts []float64) (base float64, err error) {
	v, err := f.vector(x)
	if err != nil {
		return 0, err
	}
	clear(parts)
	for i := range f.groups {
		for _, at := range f.groups[i].roots {
			mean := float64(f.means[at])
			base += mean
			for n := f.nodes[at]; n.feature() != below; n = f.nodes[at] {
				at = uint32(n.next(&v))
				next := float64(f.means[at])
				parts[n.feature()] += next - mean
				mean = next
			}
		}
	}
	return base, nil
}
