package psl

import (
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"golang.org/x/net/publicsuffix"

	"github.com/notunnel/notunnel/plugin/split/psl/psltest"
)

var benchmarks = []struct{ name, domain string }{
	{"com", "www.example.com"},
	{"short", "t.co"},
	{"labels", strings.Repeat("ab.", 70) + "cdn.example.com"},
	{"two-level", "a.b.c.example.co.uk"},
	{"private", "www.user.duckdns.org"},
	{"wildcard", "a.b.c.kawasaki.jp"},
	{"unlisted", "www.example.unlisted"},
}

// The module beside it is what a look-up costs without this package.
func BenchmarkOf(b *testing.B) {
	for _, bb := range benchmarks {
		name := []byte(bb.domain)
		b.Run(bb.name+"/psl", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Of(name)
			}
		})
		b.Run(bb.name+"/module", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				publicsuffix.PublicSuffix(bb.domain)
			}
		})
	}
}

// Many names, each from anywhere in memory, as a resolver has them. The file
// PSL_NAMES has one to a line; without it they are made out of the rules.
func BenchmarkOfMany(b *testing.B) {
	var domains []string
	if file := os.Getenv("PSL_NAMES"); file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		domains = strings.Fields(string(data))
	} else {
		for _, r := range psltest.Rules(b) {
			domains = append(domains, "www.example."+r.Base())
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	random.Shuffle(len(domains), func(i, j int) { domains[i], domains[j] = domains[j], domains[i] })
	domains = domains[:min(len(domains), 8192)]
	names := make([][]byte, len(domains))
	for i, d := range domains {
		names[i] = []byte(d)
	}
	b.Run("psl", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			Of(names[i%len(names)])
		}
	})
	b.Run("module", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			publicsuffix.PublicSuffix(domains[i%len(domains)])
		}
	})
}
