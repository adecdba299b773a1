package main

import (
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/notunnel/notunnel/model"
	"github.com/notunnel/notunnel/model/surprisal"
)

func bytesOf(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// words are n different ones, pronounceable.
func words(n int) (all []string) {
	r := rand.New(rand.NewPCG(uint64(n), 3))
	seen := map[string]bool{}
	for len(all) < n {
		w := ""
		for range 2 + r.IntN(2) {
			w += string("bdfgklmnprstv"[r.IntN(13)]) + string("aeiou"[r.IntN(5)])
		}
		if !seen[w] {
			seen[w] = true
			all = append(all, w)
		}
	}
	return all
}

// spelledBy draws a label by the model, each character by its cost: what the model
// itself takes for likeliest.
func spelledBy(r *rand.Rand, m *surprisal.Model) (label []byte, bits float64) {
	for len(label) < surprisal.MaxLen {
		costs, _ := m.Costs(label)
		sum := 0.
		var weights [surprisal.Symbols]float64
		for i, cost := range costs {
			if i == surprisal.End && len(label) == 0 {
				continue
			}
			weights[i] = math.Exp2(-float64(cost) / surprisal.Unit)
			sum += weights[i]
		}
		symbol := 0
		for u := r.Float64()*sum - weights[0]; u >= 0 && symbol < surprisal.End; u -= weights[symbol] {
			symbol++
		}
		bits -= math.Log2(weights[symbol] / sum)
		if symbol == surprisal.End {
			break
		}
		label = append(label, surprisal.Alphabet[symbol])
	}
	return label, bits
}

func below(prefix, sld string, bits float64) composed {
	return composed{name: prefix + "." + sld, up: bits}
}

// oneOf asks for one of the names, in chosen order.
func oneOf(names []string) way {
	return func(r *rand.Rand, _ int, sld string) composed {
		return below(names[r.IntN(len(names))], sld, math.Log2(float64(len(names))))
	}
}

// upWays are ways to write random payload as queries.
func upWays(t *testing.T) map[string]way {
	models, err := model.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	small, large := words(16), words(4096)
	letters := strings.Split("abcdefghijklmnopqrstuvwxyz234567", "")
	octet := func(r *rand.Rand) int { return r.IntN(256) }
	return map[string]way{
		"base32": func(r *rand.Rand, _ int, sld string) composed {
			return below(strings.ToLower(base32.StdEncoding.EncodeToString(bytesOf(r, 30))), sld, 240)
		},
		"hex": func(r *rand.Rand, _ int, sld string) composed {
			return below(hex.EncodeToString(bytesOf(r, 16)), sld, 128)
		},
		"hex in any case": func(r *rand.Rand, _ int, sld string) composed {
			label := []byte(hex.EncodeToString(bytesOf(r, 16)))
			for i := range label {
				if r.IntN(2) == 0 {
					label[i] = strings.ToUpper(string(label[i]))[0]
				}
			}
			return below(string(label), sld, 128) // the resolver sends lower case on: case is no payload
		},
		"one letter a query": func(r *rand.Rand, i int, sld string) composed {
			return below(fmt.Sprintf("%s%d", letters[r.IntN(32)], i), sld, 5)
		},
		"words, few": func(r *rand.Rand, _ int, sld string) composed {
			return below(small[r.IntN(16)]+"."+small[r.IntN(16)], sld, 8)
		},
		"words, many": func(r *rand.Rand, _ int, sld string) composed {
			return below(large[r.IntN(4096)]+"-"+large[r.IntN(4096)], sld, 24)
		},
		"addresses": func(r *rand.Rand, _ int, sld string) composed {
			return below(fmt.Sprintf("%d.%d.%d.%d", octet(r), octet(r), octet(r), octet(r)), sld, 32)
		},
		"addresses below zen": func(r *rand.Rand, _ int, sld string) composed {
			return below(fmt.Sprintf("%d.%d.%d.%d.zen", octet(r), octet(r), octet(r), octet(r)), sld, 32)
		},
		"addresses with dashes": func(r *rand.Rand, _ int, sld string) composed {
			return below(fmt.Sprintf("ip-%d-%d-%d-%d", octet(r), octet(r), octet(r), octet(r)), sld, 32)
		},
		"random types": func(r *rand.Rand, _ int, sld string) composed {
			return composed{name: "www." + sld, qtype: fmt.Sprintf("TYPE%d", 256+r.IntN(65280-256)), up: math.Log2(65280 - 256)}
		},
		"known types": func(r *rand.Rand, _ int, sld string) composed {
			return composed{name: "www." + sld, qtype: [...]string{"A", "AAAA", "HTTPS", "TXT", "MX", "NS", "SOA", "SRV"}[r.IntN(8)], up: 3}
		},
		"names by letter, in chosen order": oneOf(letters),
		"three names in chosen order":      oneOf([]string{"a", "b", "c"}),
		"sixteen names in chosen order":    oneOf(small),
		"known labels in chosen order": func(r *rand.Rand, _ int, sld string) composed {
			return below(small[r.IntN(16)]+"."+small[r.IntN(16)]+"."+small[r.IntN(16)], sld, 12)
		},
		"names of the model": func(r *rand.Rand, _ int, sld string) composed {
			label, bits := spelledBy(r, models.Surprisal)
			return below(string(label), sld, bits)
		},
		"counters": func(r *rand.Rand, i int, sld string) composed {
			return below(fmt.Sprintf("%d-%d", i, r.Uint32()), sld, 32)
		},
		"a popular domain's tail": func(r *rand.Rand, _ int, sld string) composed {
			return below(small[r.IntN(16)]+"."+[...]string{"google.com", "microsoft.com", "apple.com", "amazon.com"}[r.IntN(4)], sld, 6)
		},
		"octets": func(r *rand.Rand, _ int, sld string) composed {
			var label strings.Builder
			for range 40 {
				fmt.Fprintf(&label, `\%03d`, 128+r.IntN(128))
			}
			return below(label.String(), sld, 280)
		},
	}
}

// fastWays carry little a query and need many.
var fastWays = []string{
	"random types", "known types", "names by letter, in chosen order", "three names in chosen order",
	"sixteen names in chosen order", "known labels in chosen order", "words, few",
}

// No way to write passes more of its payload in any 24 hours than UP. The models are
// out of the way, and the ways are of different clients.
func TestNoWayPassesMoreThanUp(t *testing.T) {
	const most = 1 << 10
	ways, key := upWays(t), map[string]string{}
	var log []composed
	add := func(name, way string, every, length time.Duration) {
		client, sld := fmt.Sprintf("10.0.1.%d", len(key)), labelFor(name)+"-lab.net"
		key[client+" "+sld] = name
		log = append(log, drip(client, sld, every, length, uint64(len(key)), ways[way])...)
	}
	for name := range ways {
		add(name+" every 10 s", name, 10*time.Second, 30*time.Hour)
	}
	for _, name := range fastWays {
		add(name+" every second", name, time.Second, 26*time.Hour)
	}
	for _, name := range []string{"base32", "words, many", "names of the model"} {
		add(name+" every minute", name, time.Minute, 50*time.Hour)
		add(name+" every half hour", name, 30*time.Minute, 100*time.Hour)
	}
	l := leaksOf(log, passes(t, log, "--budget", oneKiB, "--threshold", "1"), byPair)
	if len(l.up) != len(key) {
		t.Errorf("something of %d tunnels passed, of all %d wanted", len(l.up), len(key))
	}
	for pair, passed := range l.up {
		got := mostOfADay(passed)
		t.Logf("%-50s %5.0f B up", key[pair], got)
		if got > most {
			t.Errorf("%s: %.0f bytes in a day, at most %d wanted", key[pair], got, most)
		}
	}
}
