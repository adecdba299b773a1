package main

import (
	"cmp"
	"hash/maphash"
	"slices"

	"github.com/notunnel/notunnel/plugin/slab"
	"github.com/notunnel/notunnel/plugin/subject"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// mostPairs is how many pairs a replay has an account of, four times as many as
// the engine has windows by default. That of a pair that was not heard of lately is
// closed for a new one.
const mostPairs = 1 << 18

// accounts are what became of pairs of SLD and client, in bounded memory, and
// how many there were. SLDs, clients and pairs are known by hashes of 64 bits: that
// any two of a million are the same happens once in 4 × 10^7 runs.
type accounts struct {
	seed    maphash.Seed
	places  *slab.Table[int] // of pairs
	pairs   []*pair
	buf     []byte
	slds    map[uint64]struct{}
	clients map[uint64]struct{}
	windows int
	blocked map[string]bool // SLDs
	closed  func(*pair)     // is told of each pair whose account is closed
}

func newAccounts() *accounts {
	return &accounts{
		seed: maphash.MakeSeed(), places: slab.New[int](mostPairs),
		slds: map[uint64]struct{}{}, clients: map[uint64]struct{}{}, blocked: map[string]bool{}, closed: func(*pair) {},
	}
}

// find is the account of a pair, nil if there is none.
func (a *accounts) find(sld string, client subject.Client) *pair {
	key := a.key([]byte(sld), client)
	if at := a.places.Shard(a.places.Number(key)).Peek(key); at != nil {
		return a.pairs[*at]
	}
	return nil
}

// key is that of a pair.
func (a *accounts) key(sld []byte, client subject.Client) uint64 {
	a.buf = client.Key(append(append(a.buf[:0], sld...), 0))
	return maphash.Bytes(a.seed, a.buf)
}

// heard counts an SLD, empty if the name has none, and a client.
func (a *accounts) heard(sld []byte, client subject.Client) {
	a.clients[maphash.Comparable(a.seed, client)] = struct{}{}
	if len(sld) > 0 {
		a.slds[maphash.Bytes(a.seed, sld)] = struct{}{}
	}
}

// of is the account of a pair; open makes it if there is none.
func (a *accounts) of(sld []byte, client subject.Client, open func() *pair) *pair {
	key := a.key(sld, client)
	s := a.places.Shard(a.places.Number(key))
	if at := s.Find(key); at != nil {
		return a.pairs[*at]
	}
	a.heard(sld, client)
	p := open()
	p.number = a.windows
	a.windows++
	place := -1
	at := s.Make(key, func(_ uint64, gone *int) {
		place = *gone
		a.closed(a.pairs[place])
	})
	if place < 0 {
		place = len(a.pairs)
		a.pairs = append(a.pairs, nil)
	}
	*at, a.pairs[place] = place, p
	return p
}

// open are the pairs with accounts, in the order of their first queries.
func (a *accounts) open() []*pair {
	all := slices.Clone(a.pairs)
	slices.SortFunc(all, func(p, q *pair) int { return cmp.Compare(p.number, q.number) })
	return all
}

// block takes note that the pair is blocked.
func (a *accounts) block(p *pair) {
	p.verdict = verdict.Block
	a.blocked[p.sld] = true
}
