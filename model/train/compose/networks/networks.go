// Package networks composes logs of whole networks, each with a pattern of use that is
// dear to describe: names that are random or many, replies that are ever new. Budgets
// are measured on them (test/budgets). Names of the Internet are real ones,
// what a company or a service has of its own is below invented domains that are on no
// list. Nobody's traffic is in it; what people and machines do is made after published
// formats and the usual settings of such software, which the rows below say.
package networks

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"path/filepath"
)

// Pattern is a kind of network.
type Pattern struct {
	Name    string
	What    string // who asks for what, and how often
	Clients int    // that have the pattern; office workstations make up for those missing to twenty
	make    func(n *network, clients int)

	unlogged bool // the log has no replies, as many have none
}

// fewest is how many clients a network has at least.
const fewest = 20

// Patterns are all there are.
func Patterns() []Pattern {
	var all []Pattern
	for _, of := range [][]Pattern{offices, mail, servers, clusters, forwarders, services} {
		all = append(all, of...)
	}
	return all
}

// Source names the pattern in the log's last column.
func (p *Pattern) Source() string { return "composed-network-" + p.Name }

// File is what the pattern's log is called.
func (p *Pattern) File() string { return "network-" + p.Name + ".tsv.gz" }

// Write writes the pattern's log into the folder. Each pattern has randomness of its own:
// one more leaves the others as they are.
func (p *Pattern) Write(folder string, names *Names, seed uint64, days int) error {
	id := fnv.New64a()
	id.Write([]byte(p.Name))
	n := &network{names: names, r: rand.New(rand.NewPCG(seed, id.Sum64())), days: days, unlogged: p.unlogged}
	p.make(n, p.Clients)
	for range fewest - p.Clients {
		n.client().office(150)
	}
	if err := n.write(filepath.Join(folder, p.File()), p.Source()); err != nil {
		return fmt.Errorf("%s: %w", p.Name, err)
	}
	return nil
}
