// Package escape reads the escapes of the presentation form of names and texts
// (RFC 1035, section 5.1): \DDD for a byte by its decimal value, \X for a
// character that is not a digit.
package escape

import "errors"

// ErrMalformed says that a backslash begins no escape: it is the last byte, or
// digits follow that are not three or are above 255.
var ErrMalformed = errors.New(`a backslash is followed neither by \DDD from 000 to 255 nor by a character`)

// Next returns the byte that stands at s[i], written plainly or as an escape,
// and the index behind it. It fails with ErrMalformed.
func Next[T string | []byte](s T, i int) (c byte, next int, err error) {
	switch {
	case s[i] != '\\':
		return s[i], i + 1, nil
	case i+1 == len(s):
		return 0, 0, ErrMalformed
	case !digit(s[i+1]):
		return s[i+1], i + 2, nil
	case i+3 >= len(s) || !digit(s[i+2]) || !digit(s[i+3]):
		return 0, 0, ErrMalformed
	}
	value := int(s[i+1]-'0')*100 + int(s[i+2]-'0')*10 + int(s[i+3]-'0')
	if value > 255 {
		return 0, 0, ErrMalformed
	}
	return byte(value), i + 4, nil
}

// Append appends the bytes that s stands for. A backslash that begins no escape
// stands for itself.
func Append[T string | []byte](dst []byte, s T) []byte {
	for i := 0; i < len(s); {
		c, next, err := Next(s, i)
		if err != nil {
			c, next = s[i], i+1
		}
		dst = append(dst, c)
		i = next
	}
	return dst
}

// AppendByte appends \DDD.
func AppendByte(dst []byte, c byte) []byte {
	return append(dst, '\\', '0'+c/100, '0'+c/10%10, '0'+c%10)
}

func digit(c byte) bool { return c >= '0' && c <= '9' }
