package joint

import (
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/notunnel/notunnel/plugin/window"
)

// Whatever comes and goes, a window holds what it should, and its sums are those of the
// events in it.
func TestSums(t *testing.T) {
	for name, c := range map[string]struct {
		slds  int
		pause time.Duration // at most, between queries
	}{
		"one SLD":                    {1, time.Second},
		"few SLDs":                   {4, time.Second},
		"a full window":              {20, time.Second},
		"more SLDs than are held":    {50, time.Second},
		"a new SLD with every query": {1 << 20, time.Second},
		"long spans":                 {20, 10 * time.Minute},
		"hardly a query in a span":   {20, 2 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(c.slds), uint64(c.pause)))
			s, want, now := store(1), &naive{}, begin
			var seen []*Query
			for step := range 4000 {
				switch {
				case step > 0 && r.IntN(3) == 0: // a reply, or one that comes too late
					q := seen[max(len(seen)-1-r.IntN(80), 0)]
					s.Learn(q.Client, q.Pair, q.Hash, r.IntN(1<<r.IntN(18)))
				case step > 0 && r.IntN(100) == 0:
					q := seen[max(len(seen)-1-r.IntN(80), 0)]
					s.Cut(q.Client, q.Pair)
					want.cut(q)
				default:
					if now = now.Add(time.Duration(r.Int64N(int64(c.pause)))); r.IntN(300) == 0 {
						now = now.Add(-time.Duration(r.Int64N(int64(20 * time.Second)))) // often too little to be noticed
					}
					q := query(1, labels(r), fmt.Sprintf("d%d.example", r.IntN(c.slds)), now)
					if r.IntN(1000) == 0 {
						q.Client = 2 // leaves no room for the other
					}
					seen = append(seen, q)
					sum := Summary{}
					entered := s.Observe(q, &sum.Joint)
					want.observe(q, s.config.Span, entered)
					if c := held(t, s, q.Client); entered && sum.Joint != c.sum {
						t.Fatalf("step %d: Observe told %+v of %+v", step, sum.Joint, c.sum)
					}
				}
				if err := want.check(held(t, s, want.client)); err != nil {
					t.Fatalf("step %d: %v", step, err)
				}
			}
		})
	}
}

// held is the window of a client.
func held(t *testing.T, s *Store, key uint64) *client {
	t.Helper()
	c, ok := s.of(key).clients.Peek(key)
	if !ok {
		t.Fatalf("client %d has no window", key)
	}
	return c
}

// labels are one to three of a few kinds, some of which come again.
func labels(r *rand.Rand) string {
	var all []string
	for range 1 + r.IntN(3) {
		number := binary.BigEndian.AppendUint64(nil, r.Uint64())[r.IntN(7):]
		all = append(all, []string{
			hex.EncodeToString(number), strings.ToLower(base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(number)),
			fmt.Sprintf("id-%d", r.IntN(5)), "k7q",
		}[r.IntN(4)])
	}
	return strings.Join(all, ".")
}

// naive is what a window should hold, found out by the plainest means.
type naive struct {
	client uint64
	events []*Query
	cuts   []uint64 // pairs
}

func (n *naive) below(pair uint64) bool {
	return slices.ContainsFunc(n.events, func(q *Query) bool { return q.Pair == pair })
}

func (n *naive) cut(q *Query) {
	if q.Client == n.client && n.below(q.Pair) {
		n.cuts = append(n.cuts, q.Pair)
	}
}

func (n *naive) observe(q *Query, span window.Tick, entered bool) {
	if q.Client != n.client {
		*n = naive{client: q.Client}
	}
	if l := len(n.events); l > 0 && window.SetBack(n.events[l-1].At, q.At) {
		n.events = nil
	}
	for len(n.events) > 0 && int32(q.At-n.events[0].At) > int32(span) {
		n.events = n.events[1:]
	}
	if n.below(q.Pair) && slices.Contains(n.cuts, q.Pair) {
		n.events = nil
	}
	if !entered {
		return
	}
	if len(n.events) == MaxEvents {
		n.events = n.events[1:]
	}
	if !n.below(q.Pair) {
		n.cuts = slices.DeleteFunc(n.cuts, func(pair uint64) bool { return pair == q.Pair })
		var lately []uint64
		for _, e := range slices.Backward(n.events) {
			if !slices.Contains(lately, e.Pair) {
				lately = append(lately, e.Pair)
			}
		}
		if len(lately) == MaxSLDs {
			n.events = slices.DeleteFunc(slices.Clone(n.events), func(e *Query) bool { return e.Pair == lately[MaxSLDs-1] })
		}
	}
	n.events = append(n.events, q)
}

// check compares a window with what it should hold, and its sums with those of its events.
func (n *naive) check(c *client) error {
	if c.sum.Events != len(n.events) {
		return fmt.Errorf("%d events, want %d", c.sum.Events, len(n.events))
	}
	total := 0
	for i, want := range n.events {
		e, pair := &c.events[i], c.pairs[c.looks[i].place()]
		if e.at != want.At || e.name != uint32(want.Hash) || pair != want.Pair {
			return fmt.Errorf("event %d is %+v below %x, want %s below %s", i, e, pair, want.Prefix, want.SLD)
		}
		if got := c.slds[c.looks[i].place()].cut; got != slices.Contains(n.cuts, pair) {
			return fmt.Errorf("%s: cut is %v", want.SLD, got)
		}
	}
	for _, below := range c.counts {
		total += int(below)
	}
	var got Summary
	c.summarize(&got)
	if want := anew(c); got != want || total != want.Events {
		return fmt.Errorf("sums are\n%+v, %d in places; want\n%+v", got, total, want)
	}
	return nil
}

// anew sums a window up from its events, each compared with each.
func anew(c *client) (s Summary) {
	var parts [MaxEvents]*Part // of the events
	for i, l := range c.looks[:c.sum.Events] {
		e, pair := &c.events[i], c.pairs[l.place()]
		at := slices.IndexFunc(s.Parts[:s.SLDs], func(p Part) bool { return p.Pair == pair })
		if at < 0 {
			sld := &c.slds[l.place()]
			at, s.SLDs = s.SLDs, s.SLDs+1
			s.Parts[at] = Part{Pair: pair, Cut: sld.cut, size: sld.size, name: sld.name}
		}
		p := &s.Parts[at]
		parts[i] = p
		p.Events++
		p.Labels += int(e.labels)
		p.Shared += int(e.shared)
		s.Events++
		s.Labels += int(e.labels)
		s.Shared += int(e.shared)
		s.Bits += int(e.bits)
		s.New += int(e.fresh)
		s.Bytes += int(e.whole)
		s.BytesSq += int(e.whole) * int(e.whole)
		s.Longest += int(e.longest)
		s.Digits += int(e.digits)
		s.Entropy += float64(e.entropy) / entropyUnit
		if e.answered {
			s.Answered++
			s.Down += int(e.down)
		}
		for j, other := range c.looks[:i] {
			if parts[j] == p {
				continue
			}
			s.Apart++
			if l/shapeUnit == other/shapeUnit {
				s.Alike++
				p.Alike++
				parts[j].Alike++
			}
		}
	}
	return s
}
