package detect

import "strings"

// Escape writes bytes of a name so that they are safe in a log line: what is
// not a printable character of ASCII, and the few that quote or separate, as
// \DDD (RFC 1035, section 5.1).
func Escape(name []byte) string {
	var b strings.Builder
	for _, c := range name {
		if c > ' ' && c < 0x7f && c != '\\' && c != '"' && c != '=' {
			b.WriteByte(c)
			continue
		}
		b.Write([]byte{'\\', '0' + c/100, '0' + c/10%10, '0' + c%10})
	}
	return b.String()
}
