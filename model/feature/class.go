package feature

// Classes is the number of character classes that entropies are taken over.
const Classes = 48

// The classes: letters, digits, the two hostname marks, one for all other
// printable characters, one for the unprintable, and eight for bytes above
// 127, so that tunnels which use them do not look monotonous.
const (
	classDigit    = 26
	classHyphen   = 36
	classLowLine  = 37
	classPrinted  = 38
	classControl  = 39
	classHighByte = 40
)

// noClass marks the dot, which separates and is not counted.
const noClass = 0xff

// classOf maps a lower-cased byte to its class.
var classOf = func() (t [256]uint8) {
	for i := range t {
		switch c := byte(i); {
		case c >= 0x80:
			t[i] = classHighByte + c&7
		case c >= 'a' && c <= 'z':
			t[i] = c - 'a'
		case c >= 'A' && c <= 'Z':
			t[i] = c - 'A'
		case c >= '0' && c <= '9':
			t[i] = classDigit + c - '0'
		case c == '-':
			t[i] = classHyphen
		case c == '_':
			t[i] = classLowLine
		case c == '.':
			t[i] = noClass
		case c > ' ' && c < 0x7f:
			t[i] = classPrinted
		default:
			t[i] = classControl
		}
	}
	return t
}()

// AnswerClasses is the number of classes for rdata bytes: their low five bits,
// which keep apart the letters of a text as well as the values of binary data.
const AnswerClasses = 32

// AnswerClass is the class of an rdata byte.
func AnswerClass(b byte) int { return int(b % AnswerClasses) }
