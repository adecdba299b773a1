package main

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
)

// downloads are tunnels whose data comes in: names that only count, or one name
// asked again and again, and replies full of data.
func downloads() []tunnelFamily {
	bursts := rhythm{name: "active", fastest: fastest, slowest: 1, fewest: 10, most: 400}
	one := rhythm{name: "slow", fastest: 1, slowest: slowest, fewest: 10, most: 200}
	var all []tunnelFamily
	for _, kind := range []struct {
		name  string
		types []int
	}{
		{"download-text", []int{tTXT}},
		{"download-name", []int{tCNAME, tMX, tSRV}},
		{"download-address", []int{tA, tAAAA}},
		{"download-binary", []int{tNULL, tHTTPS, tSVCB, tPrivate}},
	} {
		all = append(all, tunnelFamily{kind.name, []rhythm{bursts, one}, func(r *rand.Rand, w *world, h rhythm) client {
			return client{download(r, w, h, kind.name, kind.types, r.IntN(3) == 0)}
		}})
	}
	return append(all, tunnelFamily{"download-polled", []rhythm{bursts, one}, polled})
}

// download is a file that is fetched piece by piece, by the number of the piece,
// with the id of a session or a machine in each name or without.
func download(r *rand.Rand, w *world, h rhythm, name string, types []int, identified bool) *session {
	s := inward(r, w, h, name, types[r.IntN(len(types))])
	counter := newCounter(r)
	next, last := counterNames(r, counter, s.names, identified)
	bring := newCarrier(r, s.habits.asked[0], s.slds[0])
	kind, seed := r.IntN(4), r.Uint64()
	s.next = next
	s.habits.says = func(_ *rand.Rand, name string, qtype int) reply {
		piece := fixed(name, seed) // asked again, a name brings the same
		size := bring.size
		if strings.HasPrefix(name, last+".") {
			size = 1 + piece.IntN(size)
		}
		return reply{records: bring.records(qtype, content(piece, kind, size))}
	}
	return s
}

// inward is a session in which nothing but numbers goes out. Its replies are never
// left out: without them there would be nothing to find.
func inward(r *rand.Rand, w *world, h rhythm, name string, qtype int) *session {
	s := &session{
		family: "tunnel-" + name,
		slds:   []string{w.freshSLD(r)},
		names:  int(logUniform(r, float64(h.fewest), float64(h.most))),
		habits: newHabits(r, "", logUniform(r, h.fastest, h.slowest)),
	}
	s.habits.asked, s.habits.together, s.habits.unlogged = []int{qtype}, false, false
	return s
}

// newCounter draws how pieces are numbered: in letters, the first one or the last
// one going up, in decimal or in hexadecimal digits, padded or not.
func newCounter(r *rand.Rand) func(n int) string {
	from := r.IntN(4096) * r.IntN(2)
	if r.IntN(3) > 0 {
		form := pick(r, "%d", "%d", "%x", "%02x", "%03d", "%04d", "%04x", "%06d")
		return func(n int) string { return fmt.Sprintf(form, from+n) }
	}
	letters, first := lowercase, r.IntN(2) == 0
	if r.IntN(4) == 0 {
		letters = shuffle(r, lowercase)
	}
	return func(n int) string {
		n += from
		digits := []byte{letters[n/26/26%26], letters[n/26%26], letters[n%26]}
		if first { // as in aaa, baa, caa
			digits[0], digits[2] = digits[2], digits[0]
		}
		return string(digits)
	}
}

// counterNames draws what stands around a number, and names the last of n pieces.
func counterNames(r *rand.Rand, counter func(int) string, n int, identified bool) (next namer, last string) {
	lead, zone := "", pick(r, "", "", "d", "stage", "ns1", "c2", "x.cdn")
	if r.IntN(3) == 0 {
		lead = pick(r, "d-", "p", "f.", "get-", "chunk", random(r, lowercase, 1+r.IntN(4))+".")
	}
	id := ""
	if identified {
		if id = random(r, pick(r, hexDigits, base36, "0123456789"), 3+r.IntN(6)); r.IntN(4) == 0 {
			id = machineID(r)
		}
	}
	sep, front := pick(r, ".", ".", "-"), r.IntN(3) == 0
	name := func(i int) string {
		piece := lead + counter(i)
		switch {
		case id != "" && front:
			piece = id + sep + piece
		case id != "":
			piece += sep + id
		}
		return below(piece, zone)
	}
	at := -1
	return func() string { at++; return name(at) }, name(n - 1)
}

// polled is one name, or two or three, that a client asks for again and again; some
// replies bring data, others that there is none.
func polled(r *rand.Rand, w *world, h rhythm) client {
	const name = "download-polled"
	types := []int{tTXT, tTXT, tTXT, tNULL, tCNAME, tMX, tAAAA, tA, tHTTPS}
	s := inward(r, w, h, name, types[r.IntN(len(types))])
	s.names = max(s.names, 20)
	s.habits.ttl = r.IntN(2) * r.IntN(10)
	names := several(1+r.IntN(2)*r.IntN(3), func() string {
		return below(pick(r, w.label(r), random(r, base36, 4+r.IntN(12)), "c", "poll."+w.label(r)), pick(r, "", "", "d", "ns1"))
	})
	s.next = func() string { return names[r.IntN(len(names))] }
	bring := newCarrier(r, s.habits.asked[0], s.slds[0])
	kind, full := r.IntN(4), 0.1+0.9*r.Float64()
	nothing := reply{records: bring.records(s.habits.asked[0], bytesOf(r, 4))}
	if r.IntN(3) == 0 {
		nothing.records = nil
	}
	s.habits.says = func(r *rand.Rand, _ string, qtype int) reply {
		if r.Float64() > full {
			return nothing
		}
		return reply{records: bring.records(qtype, content(r, kind, bring.size/2+r.IntN(bring.size/2+1)))}
	}
	return client{s}
}

// carrier is how replies of one type carry pieces.
type carrier struct {
	size     int // of a full piece, bytes
	write    coding
	numbered bool // each address begins with its number
	form     string
	zone     string // in which the names are that carry pieces
}

// newCarrier draws the size of pieces from a few bytes to what a datagram holds.
func newCarrier(r *rand.Rand, qtype int, sld string) *carrier {
	c := &carrier{write: codings[r.IntN(len(codings))], numbered: r.IntN(2) == 0, form: pick(r, "target", "ech", "key65400"), zone: pick(r, "net", sld)}
	low, high := 16., 180.
	switch qtype {
	case tA:
		low, high = 3, 48
	case tAAAA:
		low, high = 14, 128
	case tCNAME, tMX, tSRV:
		low, high, c.write = 12, 100, codings[r.IntN(2)]
	case tNULL, tPrivate:
		high = 500
	case tTXT:
		if r.IntN(3) == 0 {
			high = 500
		}
	}
	c.size = int(logUniform(r, low, high))
	if qtype == tTXT && r.IntN(3) == 0 {
		c.size = 255 * 3 / 4 // one string of base64, which is as much as fits
		if c.write = codings[2]; r.IntN(2) == 0 {
			c.size, c.write = 255/2, hex.EncodeToString
		}
	}
	return c
}

// records are those of a piece: one of text or of a name, addresses as many as it
// takes.
func (c *carrier) records(qtype int, data []byte) (all []string) {
	switch qtype {
	case tA, tAAAA:
		room := 4
		if qtype == tAAAA {
			room = 16
		}
		for i := 0; len(data) > 0 || i == 0; i++ {
			address := make([]byte, 0, room)
			if c.numbered {
				address = append(address, byte(i))
			}
			n := min(room-len(address), len(data))
			address = append(address, data[:n]...)
			data = data[n:]
			all = append(all, literal(address[:room]))
		}
		return all
	case tHTTPS, tSVCB:
		switch c.form {
		case "ech":
			return []string{"1 . ech=" + base64.StdEncoding.EncodeToString(data)}
		case "key65400":
			return []string{`1 . key65400="` + hex.EncodeToString(data) + `"`}
		}
		return []string{"1 " + target(data, codings[1], c.zone)}
	case tCNAME:
		return []string{target(data, c.write, c.zone)}
	case tMX:
		return []string{"10 " + target(data, c.write, c.zone)}
	case tSRV:
		return []string{"0 5 443 " + target(data, c.write, c.zone)}
	}
	return []string{rdata(qtype, data, c.write)}
}

// literal writes an address of 4 or 16 bytes.
func literal(address []byte) string {
	if len(address) == 4 {
		return fmt.Sprintf("%d.%d.%d.%d", address[0], address[1], address[2], address[3])
	}
	groups := make([]string, 8)
	for i := range groups {
		groups[i] = fmt.Sprintf("%x", int(address[2*i])<<8|int(address[2*i+1]))
	}
	return strings.Join(groups, ":")
}
