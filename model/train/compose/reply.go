package main

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
)

// reply is what a server says: records in presentation form.
type reply struct {
	rcode   int
	records []string
}

const nxdomain = 3

// answer replies to a question in the place of a session's style.
type answer func(r *rand.Rand, name string, qtype int) reply

// fixed is randomness that follows from a name and a number: what is drawn from it
// is the same whenever the name is asked for.
func fixed(name string, number uint64) *rand.Rand { return rand.New(rand.NewPCG(hash64(name), number)) }

func hash64(text string) uint64 {
	sum := fnv.New64a()
	sum.Write([]byte(text))
	return sum.Sum64()
}

// hosts answers as hosts do: each has an address of its own, half of them one over
// IPv6 too, and no other records.
func hosts(*rand.Rand) answer {
	return func(_ *rand.Rand, name string, qtype int) reply {
		r := fixed(name, 1)
		switch v6 := r.IntN(2) == 0; {
		case qtype == tA || qtype == tAAAA && v6:
			return reply{records: []string{rdata(qtype, bytesOf(r, 8), codings[0])}}
		}
		return reply{}
	}
}

// balanced answers every name with one or two of a service's few addresses.
func balanced(r *rand.Rand) answer {
	few := 1 + r.IntN(6)
	zone := r.Uint64()
	return func(_ *rand.Rand, name string, qtype int) reply {
		if qtype != tA && qtype != tAAAA {
			return reply{}
		}
		first := hash64(name)
		var all []string
		for i := range uint64(1 + first%2) {
			of := rand.New(rand.NewPCG(zone, (first+i)%uint64(few)))
			all = append(all, rdata(qtype, bytesOf(of, 8), codings[0]))
		}
		return reply{records: all}
	}
}

// absent answers that there is no such name.
func absent(*rand.Rand) answer {
	return func(*rand.Rand, string, int) reply { return reply{rcode: nxdomain} }
}

// coding writes bytes as text.
type coding func(data []byte) string

// codings are how texts carry bytes; the first two serve in names too.
var codings = []coding{
	hex.EncodeToString,
	coding(radix(base32)),
	base64.StdEncoding.EncodeToString,
	base64.RawURLEncoding.EncodeToString,
	func(data []byte) string { return escapeText(string(data)) },
}

// rdata puts bytes into one record of the type, in presentation form; what an
// address has no room for is left out.
func rdata(qtype int, data []byte, write coding) string {
	for len(data) < 8 {
		data = append(data, 0)
	}
	switch qtype {
	case tA:
		return fmt.Sprintf("%d.%d.%d.%d", 1+data[0]%220, data[1], data[2], data[3])
	case tAAAA:
		return fmt.Sprintf("2001:db8:%x:%x::%x", int(data[0])<<8|int(data[1]), int(data[2])<<8|int(data[3]), int(data[4])+1)
	case tTXT:
		return quote(write(data))
	case tCNAME, tPTR, tNS:
		return target(data, write, "net")
	case tMX:
		return "10 " + target(data, write, "net")
	case tSRV:
		return "0 5 443 " + target(data, write, "net")
	case tHTTPS:
		return "1 " + target(data, write, "net")
	}
	return fmt.Sprintf(`\# %d %x`, len(data), data)
}

// target is a host name of a zone that carries the bytes, as many as there is room
// for; in hexadecimal digits where the coding is none for names.
func target(data []byte, write coding, zone string) string {
	room := maxName - len(zone) - 8
	text := write(data)
	if strings.ContainsFunc(text, func(c rune) bool { return !strings.ContainsRune(hostCharacters, c) }) {
		text = hex.EncodeToString(data)
	}
	return strings.Join(chop(text[:min(len(text), room)], 60), ".") + "." + zone + "."
}

const (
	maxName        = 253
	hostCharacters = base36 + "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_"
)

// quote is a text as rdata: strings of at most 255 bytes. Escapes are not cut.
func quote(text string) string {
	var b strings.Builder
	for size, rest := 0, text; rest != ""; size++ {
		n := 1
		if rest[0] == '\\' {
			if n = 2; rest[1] >= '0' && rest[1] <= '9' {
				n = 4
			}
		}
		if size%255 == 0 {
			if size > 0 {
				b.WriteString(`" `)
			}
			b.WriteByte('"')
		}
		b.WriteString(rest[:n])
		rest = rest[n:]
	}
	if text == "" {
		b.WriteByte('"')
	}
	return b.String() + `"`
}

// escapeText writes bytes as a text record has them (RFC 1035, section 5.1).
func escapeText(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		switch {
		case c < ' ' || c >= 0x7f:
			fmt.Fprintf(&b, "\\%03d", c)
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

var forJSON = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// columns are rcode and answers as the log has them.
func (x reply) columns(ttl int) (rcode, answers string) {
	var b strings.Builder
	b.WriteByte('[')
	for i, record := range x.records {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `["%s", %d]`, forJSON.Replace(record), ttl)
	}
	b.WriteByte(']')
	return fmt.Sprint(x.rcode), b.String()
}
