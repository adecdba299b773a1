package window

import "bytes"

// Labels are some of a prefix, a bit each, the label nearest to the SLD first.
type Labels [2]uint64

// Has reports whether the i-th label is among them.
func (l *Labels) Has(i int) bool { return l[i/64&1]>>(i%64)&1 != 0 }

// Set puts the i-th label among them.
func (l *Labels) Set(i int) { l[i/64&1] |= 1 << (i % 64) }

// lastBytes is how much is remembered of the last new prefix, nearest to the SLD.
const lastBytes = 64

// Novel writes what is new in a prefix behind room, which is empty: labels that are not
// known, each without what it has in common with the label at its place in the last new
// prefix.
func Novel(room, prefix, last []byte, known *Labels) []byte {
	n := cap(room)
	room = room[:n]
	for i := 0; len(prefix) > 0; i++ {
		start := bytes.LastIndexByte(prefix, '.') + 1
		label := prefix[start:]
		before := bytes.LastIndexByte(last, '.') + 1
		if !known.Has(i) {
			if piece := differing(label, last[before:]); len(piece) > 0 {
				if n < cap(room) {
					n--
					room[n] = '.'
				}
				n -= len(piece)
				copy(room[n:], piece)
			}
		}
		prefix, last = prefix[:max(start-1, 0)], last[:max(before-1, 0)]
	}
	return room[n:]
}

// differing is the label without the beginning and the end that it shares with another.
func differing(label, other []byte) []byte {
	for len(label) > 0 && len(other) > 0 && label[0] == other[0] {
		label, other = label[1:], other[1:]
	}
	for len(label) > 0 && len(other) > 0 && label[len(label)-1] == other[len(other)-1] {
		label, other = label[:len(label)-1], other[:len(other)-1]
	}
	return label
}
