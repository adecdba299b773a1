package capture

import "encoding/binary"

// likeness is how far bytes are known to be the beginning of a message.
type likeness uint8

const (
	unlike  likeness = iota
	unclear          // more bytes would tell
	alike
)

// framedLike tells whether a length and a message of one question follow.
func framedLike(b []byte) likeness {
	if len(b) < 2 {
		return unclear
	}
	size := int(binary.BigEndian.Uint16(b))
	if size < 17 {
		return unlike
	}
	is := questionLike(b[2:min(len(b), 2+size)])
	if is == unclear && len(b) >= 2+size { // it ends within its question
		return unlike
	}
	return is
}

// questionLike tells whether a DNS message begins so: a query or its reply, with
// one question whose name is whole and whose class is in use.
func questionLike(b []byte) likeness {
	const header = 12
	if len(b) < header {
		return unclear
	}
	if b[2]&0x78 != 0 || b[3]&0x40 != 0 || b[4] != 0 || b[5] != 1 {
		return unlike
	}
	if b[2]&0x80 == 0 && (b[3]&0x8f != 0 || b[6] != 0 || b[7] != 0) { // of a query
		return unlike
	}
	i := header
	for {
		switch {
		case i >= len(b):
			return unclear
		case b[i] > 63 || i > header+254:
			return unlike
		}
		if b[i] == 0 {
			break
		}
		i += 1 + int(b[i])
	}
	if i+5 > len(b) {
		return unclear
	}
	if class := binary.BigEndian.Uint16(b[i+3:]); class != 1 && class != 3 && class != 255 {
		return unlike
	}
	return alike
}

// isQuestion reports whether a DNS message of one question begins so.
func isQuestion(b []byte) bool { return questionLike(b) == alike }
