package feature

// Prefix is what is measured of one prefix by looking at its bytes.
type Prefix struct {
	Len     int     // unescaped bytes, dots included
	Labels  int     // labels; 0 for an empty prefix
	Longest int     // bytes of the longest label
	Entropy float32 // H, bits
	Chars   [Classes]uint8
}

// Measure takes the measures of a prefix (lower-cased, unescaped, at most 253
// bytes). It does not allocate.
func Measure(prefix []byte) (p Prefix) {
	p.Len = len(prefix)
	start := 0
	for i, c := range prefix {
		if c == '.' {
			p.endLabel(i - start)
			start = i + 1
			continue
		}
		p.Chars[classOf[c]]++
	}
	if len(prefix) > 0 {
		p.endLabel(len(prefix) - start)
	}
	p.Entropy = entropy(p.Chars[:])
	return p
}

// Digits is how many of the characters are digits.
func (p *Prefix) Digits() (n int) {
	for _, count := range p.Chars[classDigit:classHyphen] {
		n += int(count)
	}
	return n
}

func (p *Prefix) endLabel(size int) {
	p.Labels++
	p.Longest = max(p.Longest, size)
}
