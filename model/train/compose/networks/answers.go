package networks

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"time"
)

// Record types by number.
const (
	tA, tNS, tSOA, tPTR, tMX, tTXT, tAAAA, tSRV = 1, 2, 6, 12, 15, 16, 28, 33
	tNAPTR, tDS, tDNSKEY, tHTTPS                = 35, 43, 48, 65
)

// reply is what a log has of one.
type reply struct {
	rcode   int      // unseen: the log does not have it
	records []string // rdata in presentation form; of other types than the one asked for, after its name
	ttl     int
}

const (
	nxdomain = 3
	unseen   = -1
)

// answer replies to a question. What a name has is the same at any time, unless the
// answer says otherwise: all that varies by name comes from its hash.
type answer func(r *rand.Rand, name string, qtype uint16, at time.Duration) reply

// hashOf is of the name as servers compare it.
func hashOf(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(strings.ToLower(name)))
	x := h.Sum64() // whose low bits alone are good
	x ^= x >> 32
	x *= 0x9e3779b97f4a7c15
	return x ^ x>>29
}

func ipv4(h uint64) string {
	return address{byte(11 + h%200), byte(h >> 8), byte(h >> 16), byte(1 + h>>24%254)}.String()
}

func ipv6(h uint64) string {
	return fmt.Sprintf("2a00:%x:%x:%x::%x", h&0xffff, h>>16&0xff, h>>32&0xffff, h>>48)
}

// ordinary is how hosts of the Internet answer: every third one by an alias, half of
// them over IPv6, few with service bindings.
func ordinary(_ *rand.Rand, name string, qtype uint16, _ time.Duration) reply {
	h := hashOf(name)
	x := reply{ttl: []int{20, 60, 60, 300, 300, 300, 900, 3600}[h>>56&7]}
	if h%3 == 0 && (qtype == tA || qtype == tAAAA || qtype == tHTTPS) {
		x.records = append(x.records, fmt.Sprintf("CNAME e%d.%s.edge-%s.net.", h>>16%9999, []string{"a", "b", "dsc", "g"}[h>>8&3], syllables[h>>20%uint64(len(syllables))]))
	}
	switch many := 1 + int(h>>40&3); {
	case qtype == tA:
		for i := range many {
			x.records = append(x.records, ipv4(h+uint64(i)<<24))
		}
	case qtype == tAAAA && h>>12&1 == 0:
		for i := range many {
			x.records = append(x.records, ipv6(h+uint64(i)<<48))
		}
	case qtype == tHTTPS && h>>13%8 == 0:
		x.records = append(x.records, "1 . alpn=h2")
	}
	return x
}

// balanced is how a service answers that stands behind a wildcard: every name with the
// same few addresses of its balancers.
func balanced(_ *rand.Rand, name string, qtype uint16, _ time.Duration) reply {
	x := reply{ttl: 60}
	zone := hashOf(zoneOf(name))
	for i := range uint64(2) {
		switch one := zone + (hashOf(name)+i)%6<<24; qtype {
		case tA:
			x.records = append(x.records, ipv4(one))
		case tAAAA:
			x.records = append(x.records, ipv6(one<<24))
		}
	}
	return x
}

// single is how a host at a subscriber's line answers: by one address, and of one in
// five by one over IPv6 too.
func single(_ *rand.Rand, name string, qtype uint16, _ time.Duration) reply {
	x := reply{ttl: 600}
	switch h := hashOf(name); {
	case qtype == tA:
		x.records = []string{ipv4(h)}
	case qtype == tAAAA && h%5 == 0:
		x.records = []string{ipv6(h)}
	}
	return x
}

// own is how hosts of a company answer: one private address.
func own(_ *rand.Rand, name string, qtype uint16, _ time.Duration) reply {
	h := hashOf(name)
	x := reply{ttl: 1200}
	switch qtype {
	case tA:
		x.records = []string{fmt.Sprintf("10.%d.%d.%d", h>>8&31, h>>16&255, h>>24&255)}
	case tPTR:
		x.records = []string{fmt.Sprintf("srv%04d.example.", h%9999)}
	case tSRV:
		x.records = []string{fmt.Sprintf("0 100 389 dc%02d.%s.", h%6, after(name, "_msdcs."))}
	}
	return x
}

// privatePointer is the reverse name of the address that own gives a name.
func privatePointer(name string) string {
	h := hashOf(name)
	return fmt.Sprintf("%d.%d.%d.10.in-addr.arpa", h>>24&255, h>>16&255, h>>8&31)
}

// after is what of a name comes after a part of it, or after its last label with an
// underscore.
func after(name, part string) string {
	if at := strings.Index(name, part); at >= 0 {
		return name[at+len(part):]
	}
	at := strings.LastIndex(name, "_")
	return name[at+1+strings.Index(name[at+1:], ".")+1:]
}

// missing is that of names that do not exist.
func missing(*rand.Rand, string, uint16, time.Duration) reply {
	return reply{rcode: nxdomain, ttl: 300}
}

// listing is how block lists answer: a third is listed.
func listing(_ *rand.Rand, name string, qtype uint16, _ time.Duration) reply {
	switch h := hashOf(name); {
	case h%3 > 0:
		return reply{rcode: nxdomain, ttl: 300}
	case qtype == tTXT:
		return reply{records: []string{quote("listed, see https://list.example/q/" + fmt.Sprint(h%1e9))}, ttl: 900}
	default:
		return reply{records: []string{fmt.Sprintf("127.0.0.%d", 2+h>>8%9)}, ttl: 900}
	}
}

// quote is a text as rdata.
func quote(text string) string { return `"` + text + `"` }

// texts answers with what a function makes of a name, and by own for other types.
func texts(ttl int, of func(r *rand.Rand, name string, at time.Duration) string) answer {
	return func(r *rand.Rand, name string, qtype uint16, at time.Duration) reply {
		if qtype != tTXT {
			return ordinary(r, name, qtype, at)
		}
		return reply{records: []string{quote(of(r, name, at))}, ttl: ttl}
	}
}

// fixed is randomness that follows from a name and a number.
func fixed(name string, number uint64) *rand.Rand { return rand.New(rand.NewPCG(hashOf(name), number)) }
