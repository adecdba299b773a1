package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// tunnelFamilies are tunnels by encoding. Layout, sizes, counters, session ids
// and rhythm are drawn for each session.
func tunnelFamilies() []family {
	codec := func(name string, encode func(r *rand.Rand) encoder) family {
		return family{"tunnel-" + name, "", func(r *rand.Rand) namer { return newTunnel(r, encode(r)).next }}
	}
	letters := func(alphabet string) func(*rand.Rand) encoder {
		return func(*rand.Rand) encoder { return radix(alphabet) }
	}
	shuffled := func(alphabet string, keep int) func(*rand.Rand) encoder {
		return func(r *rand.Rand) encoder {
			mixed := []byte(alphabet)
			r.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
			return radix(string(mixed[:keep]))
		}
	}
	return []family{
		codec("hex", letters(hexDigits)),
		codec("hex-letters", shuffled(lowercase, 16)),
		codec("base32", letters(base32)),
		codec("base32hex", letters(base36[:32])),
		codec("base32-any", shuffled(base36, 32)),
		codec("base36", letters(base36)),
		// A name keeps its case on the way, but is judged without it.
		codec("base58", letters("123456789abcdefghijkmnopqrstuvwxyzabcdefghjklmnpqrstuvwxyz")),
		codec("base64url", letters(lowercase+lowercase+"0123456789-_")),
		codec("base64", letters(lowercase+lowercase+"0123456789+/")),
		codec("base62-any", shuffled(lowercase+lowercase+base36, 62)),
		codec("decimal", letters("0123456789")),
		codec("raw", func(*rand.Rand) encoder { return raw }),
		codec("high", func(r *rand.Rand) encoder { return high(r) }),
		codec("words", func(r *rand.Rand) encoder { return words(r) }),
	}
}

// encoder writes bytes as the characters of a name.
type encoder func(data []byte) string

// radix writes bits in groups, one character each; alphabets that are no power
// of two take a byte's remainder, as good as any for what it looks like.
func radix(alphabet string) encoder {
	width := 1
	for 1<<(width+1) <= len(alphabet) {
		width++
	}
	return func(data []byte) string {
		var b strings.Builder
		if 1<<width != len(alphabet) {
			for i, c := range data {
				b.WriteByte(alphabet[(int(c)*257+i)%len(alphabet)])
			}
			return b.String()
		}
		bits, held := 0, 0
		for _, c := range data {
			for bits, held = bits<<8|int(c), held+8; held >= width; held -= width {
				b.WriteByte(alphabet[bits>>(held-width)&(len(alphabet)-1)])
			}
			bits &= 1<<held - 1
		}
		return b.String()
	}
}

// raw sends bytes as they are, but for the dot and upper case, which would not
// come through as they were.
func raw(data []byte) string {
	out := make([]byte, len(data))
	for i, c := range data {
		if c == '.' || c >= 'A' && c <= 'Z' {
			c ^= 0x80
		}
		out[i] = c
	}
	return string(out)
}

// high is an alphabet of 128 that reaches above ASCII.
func high(r *rand.Rand) encoder {
	alphabet := lowercase + lowercase + "0123456789-+"
	for i := 0; len(alphabet) < 128; i++ {
		alphabet += string([]byte{byte(0xbc + i)})
	}
	return radix(alphabet)
}

// words writes each byte as one word of a list drawn for the session.
func words(r *rand.Rand) encoder {
	onsets := strings.Fields("b br c ch d dr f fl g gr h j k l m n p pl qu r s sh st t tr v w")
	vowels := strings.Fields("a e i o u ai ea ee oo ou")
	ends := strings.Fields("n r t d ck ll ss nd st mp ke te ne se y er on el")
	list := make([]string, 256)
	for i := range list {
		list[i] = pick(r, onsets...) + pick(r, vowels...) + pick(r, ends...)
	}
	sep := pick(r, "-", ".", "")
	return func(data []byte) string {
		picked := make([]string, (len(data)+3)/4)
		for i := range picked {
			picked[i] = list[data[i*4]]
		}
		return strings.Join(picked, sep)
	}
}

// tunnel is one session.
type tunnel struct {
	r       *rand.Rand
	encode  encoder
	payload payload
	size    int // characters of data in a full query
	vary    bool
	label   int // characters of a label
	zone    string
	poll    float64 // chance that a query carries next to nothing
	count   int
	counter string // how it is written; "" for none
	front   bool
	id      string
}

// The data of a query, in characters.
const (
	leastData = 8
	mostData  = 200
)

func newTunnel(r *rand.Rand, e encoder) *tunnel {
	t := &tunnel{
		r: r, encode: e,
		payload: newPayload(r),
		size:    int(logUniform(r, leastData, mostData)),
		vary:    r.IntN(2) == 0,
		label:   []int{63, 63, 60, 57, 50, 32, 30, 20}[r.IntN(8)],
		zone:    pick(r, "", "", "t", "d", "c2", "ns1", "tun", "x.cdn"),
		poll:    []float64{0, 0, 0.1, 0.4, 0.7, 0.95}[r.IntN(6)],
		counter: pick(r, "", "", "%x", "%d", "%04x", "%06d", "%03d"),
		front:   r.IntN(2) == 0,
		count:   r.IntN(4096) * r.IntN(2),
	}
	if r.IntN(2) == 0 {
		t.id = random(r, pick(r, hexDigits, base32, base36), 2+r.IntN(7))
	}
	return t
}

// next is the next prefix.
func (t *tunnel) next() string {
	size := t.size
	if t.vary {
		size = leastData + t.r.IntN(t.size-leastData+1)
	}
	if t.r.Float64() < t.poll {
		size = 4 + t.r.IntN(8) // a nonce, so that no cache answers
	}
	data := t.encode(t.payload(size))
	labels := chop(data[:min(len(data), size)], t.label)
	var head []string
	if t.id != "" {
		head = append(head, t.id)
	}
	if t.counter != "" {
		head = append(head, fmt.Sprintf(t.counter, t.count))
		t.count++
	}
	if !t.front {
		labels = append(labels, head...)
	} else if len(head) > 0 && len(labels[0])+len(head[0]) < t.label {
		labels[0] = strings.Join(head, "") + labels[0]
	} else {
		labels = append(head, labels...)
	}
	return below(strings.Join(labels, "."), t.zone)
}

// payload is what a tunnel carries: the next n bytes of it.
type payload func(n int) []byte

// newPayload draws encrypted data in most sessions, else text or records with
// runs of equal bytes.
func newPayload(r *rand.Rand) payload {
	kind := r.IntN(4)
	return func(n int) []byte {
		data := make([]byte, n)
		for i := range data {
			data[i] = byte(r.Uint32())
			switch {
			case kind == 0: // text: letters by rough frequency, and spaces
				data[i] = "etaoinshrdlu etaoin shrdlucmfwypvbgkjqxz,.0123 ETAOIN\n"[r.IntN(54)]
			case kind == 1 && r.IntN(3) == 0:
				data[i] = []byte{0, 0, 0xff, 1}[r.IntN(4)]
			}
		}
		return data
	}
}
