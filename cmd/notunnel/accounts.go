package main

import (
	"cmp"
	"hash/maphash"
	"slices"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/notunnel/notunnel/plugin/subject"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// mostPairs is how many pairs a replay has an account of, four times as many as
// the engine has windows by default. That of the pair that was not heard of for
// longest is closed for a new one.
const mostPairs = 1 << 18

// accounts are what became of pairs of SLD and client, in bounded memory, and
// how many there were. SLDs, clients and pairs are known by hashes of 64 bits: that
// any two of a million are the same happens once in 4 × 10^7 runs.
type accounts struct {
	seed    maphash.Seed
	pairs   *simplelru.LRU[uint64, *pair]
	slds    map[uint64]struct{}
	clients map[uint64]struct{}
	windows int
	blocked map[string]bool // SLDs
	closed  func(*pair)     // is told of each pair whose account is closed
}

func newAccounts() *accounts {
	a := &accounts{
		seed: maphash.MakeSeed(), slds: map[uint64]struct{}{}, clients: map[uint64]struct{}{}, blocked: map[string]bool{}, closed: func(*pair) {},
	}
	a.pairs, _ = simplelru.NewLRU(mostPairs, func(_ uint64, p *pair) { a.closed(p) }) // fails for a size below 1 only
	return a
}

// find is the account of a pair, nil if there is none.
func (a *accounts) find(sld string, client subject.Client) *pair {
	p, _ := a.pairs.Peek(a.key(maphash.String(a.seed, sld), maphash.Comparable(a.seed, client)))
	return p
}

// key is that of a pair, by the hashes of its SLD and its client.
func (a *accounts) key(sld, client uint64) uint64 {
	return maphash.Comparable(a.seed, [2]uint64{sld, client})
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
	key := a.key(maphash.Bytes(a.seed, sld), maphash.Comparable(a.seed, client))
	p, ok := a.pairs.Get(key)
	if !ok {
		a.heard(sld, client)
		p = open()
		p.number = a.windows
		a.windows++
		a.pairs.Add(key, p)
	}
	return p
}

// open are the pairs with accounts, in the order of their first queries.
func (a *accounts) open() []*pair {
	all := a.pairs.Values()
	slices.SortFunc(all, func(p, q *pair) int { return cmp.Compare(p.number, q.number) })
	return all
}

// block takes note that the pair is blocked.
func (a *accounts) block(p *pair) {
	p.verdict = verdict.Block
	a.blocked[p.sld] = true
}
