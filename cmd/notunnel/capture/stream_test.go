package capture

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// A segment that was not captured costs the messages that it has bytes of, and
// no other, in either direction and wherever it is cut.
func TestLostSegments(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for round := range 400 {
		d := newDump(t, ethernet)
		const messages = 30
		var sides [2][]byte // what the client and the server sent
		var ends [2][]int   // of their messages
		for i := range messages {
			name := fmt.Sprintf("host%d.%s.example.net.", i, strings.Repeat("x", 1+random.IntN(60)))
			for side, m := range [][]byte{query(t, uint16(i), name, dns.TypeA), reply(t, uint16(i), name, dns.TypeA, "A 192.0.2.9")} {
				sides[side] = append(sides[side], framed(m)...)
				ends[side] = append(ends[side], len(sides[side]))
			}
		}
		d.tcp(client, server, 1000, true, nil)
		d.tcp(server, client, 5000, true, nil)
		lostAt, lostTo := [2]int{-1, -1}, [2]int{-1, -1}
		lossy := round % 3 // the client's side, the server's, both
		sent := [2]int{}
		segment := func(side int, end int) {
			from := sent[side]
			if from == end {
				return
			}
			sent[side] = end
			if (lossy == side || lossy == 2) && lostAt[side] < 0 && from > len(sides[side])/5 && end < len(sides[side])*4/5 {
				lostAt[side], lostTo[side] = from, end
				return
			}
			if data := sides[side][from:end]; side == 0 {
				d.tcp(client, server, 1001+uint32(from), false, data)
			} else {
				d.tcp(server, client, 5001+uint32(from), false, data)
			}
		}
		for i := range messages {
			for side := range sides {
				end := ends[side][i]
				if cut := random.IntN(end - sent[side]); random.IntN(2) == 0 && cut > 0 { // within a message
					segment(side, sent[side]+cut)
				}
				if side == 0 || random.IntN(3) > 0 { // several replies in a segment
					segment(side, end)
				}
			}
		}
		for side := range sides {
			segment(side, len(sides[side]))
		}
		touched := func(side, i int) bool {
			begin := 0
			if i > 0 {
				begin = ends[side][i-1]
			}
			return lostAt[side] < ends[side][i] && lostTo[side] > begin && lostAt[side] >= 0
		}
		var want []string
		for i := range messages {
			if !touched(0, i) || !touched(1, i) { // a reply names its question
				want = append(want, fmt.Sprintf("host%d", i))
			}
		}
		told, stats := read(t, d.bytes())
		var got []string
		replies := 0
		for _, line := range told {
			if asked, ok := strings.CutPrefix(line, "? 192.0.2.1 "); ok {
				host, _, _ := strings.Cut(asked, ".")
				got = append(got, host)
			} else {
				replies++
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("round %d, lost %v to %v, ends %v: told %v, want %v", round, lostAt, lostTo, ends, got, want)
		}
		if stats.Truncated.N == 0 && (lostAt[0] >= 0 || lostAt[1] >= 0) || stats.Malformed.N > 0 {
			t.Fatalf("round %d: %+v", round, stats)
		}
	}
}

// Queries come before their replies, and in their order, although a gap makes one
// direction wait.
func TestOrderOverAGap(t *testing.T) {
	d := newDump(t, ethernet)
	d.tcp(client, server, 1000, true, nil)
	d.tcp(server, client, 5000, true, nil)
	at := [2]uint32{1001, 5001}
	for i := range 8 {
		name := fmt.Sprintf("host%d.example.net.", i)
		q, r := framed(query(t, uint16(i), name, dns.TypeA)), framed(reply(t, uint16(i), name, dns.TypeA, "A 192.0.2.9"))
		if i != 2 {
			d.tcp(client, server, at[0], false, q)
		}
		d.tcp(server, client, at[1], false, r)
		at[0] += uint32(len(q))
		at[1] += uint32(len(r))
	}
	lines, _ := read(t, d.bytes())
	var all []string
	for i := range 8 {
		name := fmt.Sprintf("host%d.example.net.", i)
		all = append(all, "? 192.0.2.1 "+name+" A", "! "+name+" NOERROR | 192.0.2.9")
	}
	want(t, lines, all...)
}

// A connection whose beginning was not captured is read from its next message on.
func TestTCPBegunWithinAMessage(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	for range 200 {
		d := newDump(t, ethernet)
		var all []byte
		var first int
		for i := range 20 {
			all = append(all, framed(query(t, uint16(random.Uint32()), fmt.Sprintf("host%d.example.net.", i), dns.TypeA))...)
			if i == 0 {
				first = len(all)
			}
		}
		cut := 1 + random.IntN(first-1)
		d.tcp(client, server, 7000, false, all[cut:])
		told, _ := read(t, d.bytes())
		if got := len(queries(told)); got != 19 || !strings.Contains(told[0], "host1.") {
			t.Fatalf("cut at %d of %d: %d queries: %v", cut, first, got, told)
		}
	}
}

// No stream makes the reader keep more than a few messages.
func TestStreamThatMakesNoSense(t *testing.T) {
	d := newDump(t, ethernet)
	seq := uint32(7000)
	for range 2000 {
		junk := bytes.Repeat([]byte{0xff, 0xfe, 0x01}, 400)
		d.tcp(client, server, seq, false, junk)
		seq += uint32(len(junk))
	}
	d.tcp(client, server, seq, false, framed(query(t, 1, "late.example.net.", dns.TypeA)))
	lines, _ := read(t, d.bytes())
	want(t, lines, "? 192.0.2.1 late.example.net. A")
}
