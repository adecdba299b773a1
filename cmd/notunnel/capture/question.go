package capture

import "encoding/binary"

// longestQuestion is the most that a message has up to the end of its question,
// with the length before it.
const longestQuestion = 2 + 12 + 255 + 4

// isBeginning reports whether a length and a message of one question follow.
func isBeginning(b []byte) bool {
	if len(b) < 2 {
		return false
	}
	size := int(binary.BigEndian.Uint16(b))
	return size >= 17 && isQuestion(b[2:min(len(b), 2+size)])
}

// isQuestion reports whether a DNS message begins so: a query or its reply, with
// one question whose name is whole and whose class is in use.
func isQuestion(b []byte) bool {
	const header = 12
	if len(b) < header+5 || b[2]&0x78 != 0 || b[3]&0x40 != 0 || b[4] != 0 || b[5] != 1 {
		return false
	}
	if b[2]&0x80 == 0 && (b[3]&0x8f != 0 || b[6] != 0 || b[7] != 0) { // of a query
		return false
	}
	i := header
	for b[i] != 0 {
		if b[i] > 63 {
			return false
		}
		if i += 1 + int(b[i]); i >= len(b)-4 || i > header+254 {
			return false
		}
	}
	if i+4 >= len(b) {
		return false
	}
	class := binary.BigEndian.Uint16(b[i+3:])
	return class == 1 || class == 3 || class == 255
}
