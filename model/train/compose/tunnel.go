package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// tunnelFamily is a kind of tunnel. start makes one and the client that it runs
// on; the part of its name before the first hyphen is a kind that evaluations
// group by.
type tunnelFamily struct {
	name    string
	rhythms []rhythm
	start   func(r *rand.Rand, w *world, h rhythm) client
}

// tunnelFamilies are all that is learned from.
func tunnelFamilies() []tunnelFamily {
	var all []tunnelFamily
	for _, e := range encodings() {
		all = append(all, tunnelFamily{e.name, rhythms, e.tunnel})
	}
	return slices.Concat(all, downloads(), beacons(), rotations(), wordTunnels(), keyUploads())
}

// encoding is how a tunnel writes what it sends.
type encoding struct {
	name   string
	encode func(r *rand.Rand) encoder
}

// encodings are tunnels that send. Layout, sizes, counters and session ids are
// drawn for each session.
func encodings() []encoding {
	letters := func(alphabet string) func(*rand.Rand) encoder {
		return func(*rand.Rand) encoder { return radix(alphabet) }
	}
	shuffled := func(alphabet string, keep int) func(*rand.Rand) encoder {
		return func(r *rand.Rand) encoder { return radix(shuffle(r, alphabet)[:keep]) }
	}
	return []encoding{
		{"hex", letters(hexDigits)},
		{"hex-letters", shuffled(lowercase, 16)},
		{"base32", letters(base32)},
		{"base32hex", letters(base36[:32])},
		{"base32-any", shuffled(base36, 32)},
		{"base36", letters(base36)},
		{"base58", letters(base58)},
		{"base64url", letters(base64url)},
		{"base64", letters(lowercase + lowercase + "0123456789+/")},
		{"base62-any", shuffled(lowercase+lowercase+base36, 62)},
		{"decimal", letters("0123456789")},
		{"narrow", func(r *rand.Rand) encoder { return radix(narrow(r)) }},
		{"octets", octets},
		{"raw", func(*rand.Rand) encoder { return raw }},
		{"high", high},
	}
}

// tunnel is one in that rhythm; one in ten spreads over a few SLDs.
func (e encoding) tunnel(r *rand.Rand, w *world, h rhythm) client {
	t := newTunnel(r, e.encode(r), h)
	s := &session{
		family: "tunnel-" + e.name,
		slds:   []string{w.freshSLD(r)},
		turn:   1,
		next:   t.next,
		names:  int(logUniform(r, float64(h.fewest), float64(h.most))),
		habits: newHabits(r, "", logUniform(r, h.fastest, h.slowest)),
	}
	if r.IntN(10) == 0 {
		s.slds = append(s.slds, w.freshSLD(r), w.freshSLD(r))
		s.names *= len(s.slds)
	}
	if t.beat != "" {
		s.poll, s.polls = func() string { return t.beat }, min(t.poll, mostPolls)
	}
	return client{s}
}

// keyUploads are as short as a theft can be: a key or a password, one small piece
// a query, in any encoding.
func keyUploads() []tunnelFamily {
	kinds := encodings()
	return []tunnelFamily{{"upload-key", []rhythm{active, slow}, func(r *rand.Rand, w *world, h rhythm) client {
		h.poll, h.mostPoll, h.fewest, h.most = 0, 0, fewestPieces, mostPieces
		t := newTunnel(r, kinds[r.IntN(len(kinds))].encode(r), h)
		t.size, t.vary, t.poll, t.beat = leastData+r.IntN(30), false, 0, ""
		return client{{
			family: "tunnel-upload-key",
			slds:   []string{w.freshSLD(r)},
			next:   t.next,
			names:  h.fewest + r.IntN(h.most-h.fewest+1),
			habits: newHabits(r, "", logUniform(r, h.fastest, h.slowest)),
		}}
	}}}
}

// A key's pieces.
const fewestPieces, mostPieces = 8, 40

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

func shuffle(r *rand.Rand, alphabet string) string {
	mixed := []byte(alphabet)
	r.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	return string(mixed)
}

// narrow is a small alphabet of letters and digits, drawn for the session: few
// letters, few digits or any share of both.
func narrow(r *rand.Rand) string {
	size := 8 + r.IntN(17)
	digits := r.IntN(min(size, 9) + 1)
	numerals, letters := r.Perm(10)[:digits], r.Perm(len(lowercase))[:size-digits]
	var b strings.Builder
	for _, n := range numerals {
		b.WriteByte('0' + byte(n))
	}
	for _, n := range letters {
		b.WriteByte(lowercase[n])
	}
	return b.String()
}

// octets writes each byte as a number of its own, decimal or hexadecimal, and a
// sign between them.
func octets(r *rand.Rand) encoder {
	form, sep := pick(r, "%d", "%d", "%03d", "%x", "%02x"), pick(r, "-", "-", "g", "x")
	return func(data []byte) string {
		parts := make([]string, len(data))
		for i, c := range data {
			parts[i] = fmt.Sprintf(form, c)
		}
		return strings.Join(parts, sep)
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

// tunnel is one session.
type tunnel struct {
	r       *rand.Rand
	encode  encoder
	payload payload
	header  func() []byte // goes before the data of a query; nil for none
	size    int           // characters of data in a full query
	vary    bool
	label   int // characters of a label
	zone    string
	poll    float64 // chance that a query carries next to nothing
	beat    string  // what polls ask for, always the same; "" if they are new names
	count   int
	counter string // how it is written; "" for none
	nonce   int    // random characters that keep caches from answering
	front   bool
	id      string
}

// The data of a query, in characters.
const (
	leastData = 8
	mostData  = 200
	maxLabel  = 63
)

func newTunnel(r *rand.Rand, e encoder, h rhythm) *tunnel {
	t := &tunnel{
		r: r, encode: e,
		payload: newPayload(r),
		size:    int(logUniform(r, leastData, mostData)),
		label:   []int{63, 63, 60, 57, 50, 32, 30, 20}[r.IntN(8)],
		zone:    pick(r, "", "", "t", "d", "c2", "ns1", "tun", "x.cdn"),
		front:   r.IntN(2) == 0,
		count:   r.IntN(4096) * r.IntN(2),
	}
	if h.poll == 0 && r.IntN(3) == 0 {
		// The simplest theft: pieces of one size, one a query.
		t.size = leastData + r.IntN(maxLabel-leastData+1)
		t.label = []int{maxLabel, maxLabel, 32, 16}[r.IntN(4)]
		t.zone = pick(r, "", "", t.zone)
		t.counter = pick(r, "", "", "%04x", "%06d")
		return t
	}
	t.vary = r.IntN(2) == 0
	// Bulk transfers never poll.
	if h.poll > 0 || r.IntN(2) == 0 {
		t.poll = h.poll + r.Float64()*(h.mostPoll-h.poll)
	}
	// Some poll for one name, whose answer is not to be kept by a cache.
	if t.poll > 0 && r.IntN(12) == 0 {
		t.beat = below(e(t.payload(2+r.IntN(10))), t.zone)
	}
	// Some say in each query which session it is of, or whose machine.
	switch x := r.IntN(20); {
	case x < 8:
		t.id = random(r, pick(r, hexDigits, base32, base36), 2+r.IntN(7))
	case x < 10:
		t.id = machineID(r)
	}
	// Datagrams are lost, doubled and overtaken, and caches answer what was
	// asked before: every protocol numbers its queries or makes them unique,
	// in sight or within the data.
	switch r.IntN(6) {
	case 0:
		t.nonce = 3 + r.IntN(6)
	case 1, 2, 3:
		t.counter = pick(r, "%x", "%d", "%04x", "%06d", "%03d", "%02x-")
	case 4:
		t.header = newHeader(r)
	}
	return t
}

// machineID is a GUID, a number, or letters and digits.
func machineID(r *rand.Rand) string {
	if r.IntN(3) == 0 {
		return guid(r)
	}
	return random(r, pick(r, hexDigits, "0123456789", base32, base36), 10+r.IntN(31))
}

// next is the next prefix.
func (t *tunnel) next() string {
	size := t.size
	if t.vary {
		size = leastData + t.r.IntN(t.size-leastData+1)
	}
	var header []byte
	if t.header != nil {
		header = t.header()
	}
	if t.beat == "" && t.r.Float64() < t.poll {
		size = 1 + t.r.IntN(leastData)
		if header != nil {
			size = 0
		}
	}
	data := t.encode(append(header, t.payload(size)...))
	labels := chop(data[:min(len(data), len(t.encode(header))+size)], t.label)
	var head []string
	if t.id != "" {
		head = append(head, t.id)
	}
	if t.nonce > 0 {
		head = append(head, random(t.r, base36, t.nonce))
	}
	if t.counter != "" {
		head = append(head, fmt.Sprintf(t.counter, t.count))
		t.count++
	}
	if !t.front {
		labels = append(labels, head...)
	} else if len(labels[0])+len(strings.Join(head, "")) < t.label {
		labels[0] = strings.Join(head, "") + labels[0]
	} else {
		labels = append(head, labels...)
	}
	return below(strings.Join(labels, "."), t.zone)
}

// newHeader draws what a protocol writes before its data: which session it is,
// one number or two that go up, and a kind.
func newHeader(r *rand.Rand) func() []byte {
	id, kind := bytesOf(r, 1+r.IntN(3)), byte(r.IntN(8))
	sent, seen := uint16(r.IntN(512)), uint16(r.IntN(512))
	two := r.IntN(2) == 0
	return func() []byte {
		sent++
		h := binary.BigEndian.AppendUint16(slices.Clone(id), sent)
		if two {
			seen++
			h = binary.BigEndian.AppendUint16(h, seen)
		}
		return append(h, kind)
	}
}

// payload is what a tunnel carries: the next n bytes of it.
type payload func(n int) []byte

// newPayload draws encrypted data in most sessions, else text or records with
// runs of equal bytes.
func newPayload(r *rand.Rand) payload {
	kind := r.IntN(4)
	return func(n int) []byte { return content(r, kind, n) }
}

// content is n bytes of one of the four kinds.
func content(r *rand.Rand, kind, n int) []byte {
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
