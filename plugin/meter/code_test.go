package meter

import (
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/notunnel/notunnel/model"
	"github.com/notunnel/notunnel/model/surprisal"
	"github.com/notunnel/notunnel/plugin/keyhash"
)

var testKey = keyhash.New()

// popular are the domains of these tests.
type popular map[string]bool

// Popular implements Domains: the last two labels.
func (p popular) Popular(name []byte) (start, count int, ok bool) {
	labels := strings.Split(string(name), ".")
	if len(labels) < 2 {
		return 0, 0, false
	}
	domain := strings.Join(labels[len(labels)-2:], ".")
	return len(name) - len(domain), len(p), p[domain]
}

var domains = popular{"example.com": true, "example.net": true, "site.org": true, "shop.de": true}

func testCode(tb testing.TB) *Code {
	tb.Helper()
	models, err := model.Embedded()
	if err != nil {
		tb.Fatal(err)
	}
	return &Code{Spell: models.Surprisal, Domains: domains}
}

// pair is a pair that forgets nothing but what it has to, and takes no name for
// another.
type pair struct {
	code   *Code
	memory memory[uint64, uint64]
	tails  tails[uint64, uint64]
	next   map[string]string // what followed, by name and type
	paid   map[string]bool
	last   string // name and type
}

func (p *pair) event(prefix string, qtype uint16) event {
	return event{
		prefix: []byte(prefix), hash: testKey.Sum([]byte(prefix)), qtype: qtype, code: typeCode(qtype),
		follows: p.next[p.last] == fmt.Sprint(prefix, " ", qtype), held: p.memory.holds(testKey.Sum([]byte(prefix)), &p.tails), paid: p.paid[prefix],
	}
}

// ask prices an event and remembers it.
func (p *pair) ask(prefix string, qtype uint16) Bits {
	if p.next == nil {
		p.next, p.paid = map[string]string{}, map[string]bool{}
	}
	e := p.event(prefix, qtype)
	if p.memory.is(e.hash, qtype) {
		p.memory.repeat()
		return 0
	}
	price, kind := p.memory.price(p.code, &e, &testKey, &p.tails)
	p.memory.remember(&e, kind, &testKey, &p.tails)
	this := fmt.Sprint(prefix, " ", qtype)
	if p.last != "" {
		p.next[p.last] = this
	}
	p.last = this
	p.paid[prefix] = true
	return price
}

func probability(prices ...Bits) (sum float64) {
	for _, p := range prices {
		sum += math.Exp2(-float64(p) / float64(bit))
	}
	return sum
}

// Each choice is one of several whose probabilities sum to at most 1.
func TestEveryChoiceIsPaid(t *testing.T) {
	types := 0.
	for qtype := range 1 << 16 {
		types += probability(priceType(typeCode(uint16(qtype))))
	}
	for name, sum := range map[string]float64{
		"event":         probability(priceNext, priceAgain, priceFar, priceNew),
		"run":           probability(priceOnce, priceMore),
		"label or end":  probability(priceEnd, priceHeld, priceSpelled, priceRaw, priceAddress, priceDomain),
		"type":          types,
		"raw length":    64 * probability(priceLength),
		"raw character": 39 * probability(priceUsual),
		"raw byte":      256 * probability(priceByte),
		"reply":         probability(priceRecords, priceNoName, priceNoData, priceFailed, priceRcode),
		"rcode":         math.Exp2(rcodes) * probability(rcodes*bit),
		"record":        probability(priceLate, priceFormer, priceUnknown, priceBegun),
		"owner":         probability(Owner(true), Owner(false)),
		"address":       math.Exp2(32) * probability(priceNumber),
	} {
		if sum > 1 {
			t.Errorf("%s: the probabilities sum to %v", name, sum)
		}
	}
	numbers := 0.
	for n := 1; n < 1<<16; n++ {
		numbers += probability(priceNumberOf(n))
	}
	if numbers > 1 {
		t.Errorf("numbers: the probabilities sum to %v", numbers)
	}
	for n := 1; n < 1<<20; n += 1 + n/7 {
		if sum := float64(n) * probability(priceOfOne(n)); sum > 1 {
			t.Errorf("one of %d: the probabilities sum to %v", n, sum)
		}
	}
}

// After any past, the probabilities of all that can come sum to at most 1: here of
// what is shortest, and so likeliest, which is most of it.
func TestProbabilitiesOfEventsSumToOneAtMost(t *testing.T) {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789-_"
	var short []string
	for i := range letters {
		short = append(short, letters[i:i+1])
		for j := range letters {
			short = append(short, letters[i:i+1]+letters[j:j+1])
		}
	}
	prefixes := append([]string{""}, short...)
	for _, outer := range short[:len(short):len(short)] {
		for i := 0; i < len(short); i += 39 { // of one letter
			prefixes = append(prefixes, short[i]+"."+outer)
		}
		for k := range letters {
			prefixes = append(prefixes, outer+letters[k:k+1])
		}
	}
	for d := range domains {
		prefixes = append(prefixes, d, "www."+d)
	}
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 1))
		p := pair{code: testCode(t)}
		for range seed * 12 {
			p.ask(prefixes[r.IntN(len(prefixes))], [...]uint16{1, 28, 16}[r.IntN(3)])
		}
		sum := 0.
		types := probability(priceCommon, priceCommon, priceCommon)
		for _, prefix := range prefixes {
			if !p.paid[prefix] { // alike but for the type
				e := p.event(prefix, dns.TypeA)
				price, _ := p.memory.price(p.code, &e, &testKey, &p.tails)
				sum += probability(price-priceCommon) * types
				continue
			}
			for _, qtype := range []uint16{dns.TypeA, dns.TypeAAAA, dns.TypeHTTPS, dns.TypeTXT} {
				e := p.event(prefix, qtype)
				if !p.memory.is(e.hash, qtype) {
					price, _ := p.memory.price(p.code, &e, &testKey, &p.tails)
					sum += probability(price)
				}
			}
		}
		if sum > 1 || sum < 0.01 {
			t.Errorf("seed %d: the probabilities of %d names sum to %v", seed, len(prefixes), sum)
		}
	}
}

// way is how payload is written: one query, and how many bits of payload it carries.
type way func(r *rand.Rand, i int) (prefix string, qtype uint16, payload float64)

func random(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// ways are those that have been tried.
func ways(tb testing.TB) map[string]way {
	words := []string{"mail", "static", "login", "cdn", "images", "api", "blog", "shop", "news", "video", "test", "portal", "cloud", "media", "data", "web"}
	model := testCode(tb).Spell.(*surprisal.Model)
	pick := func(r *rand.Rand, all []string) (string, float64) {
		return all[r.IntN(len(all))], math.Log2(float64(len(all)))
	}
	last := 0
	var single []string
	for c := range 32 {
		single = append(single, string("abcdefghijklmnopqrstuvwxyz234567"[c]))
	}
	return map[string]way{
		"base32": func(r *rand.Rand, _ int) (string, uint16, float64) {
			return strings.ToLower(base32.StdEncoding.EncodeToString(random(r, 30))), dns.TypeA, 240
		},
		"hex": func(r *rand.Rand, _ int) (string, uint16, float64) {
			return hex.EncodeToString(random(r, 31)), dns.TypeTXT, 248
		},
		"octets": func(r *rand.Rand, _ int) (string, uint16, float64) {
			return strings.ReplaceAll(string(random(r, 50)), ".", "A"), dns.TypeNULL, 50 * math.Log2(255)
		},
		"decimal": func(r *rand.Rand, _ int) (string, uint16, float64) {
			return fmt.Sprintf("%016d", r.Uint64N(1e16)), dns.TypeA, math.Log2(1e16)
		},
		"words": func(r *rand.Rand, _ int) (string, uint16, float64) {
			a, x := pick(r, words)
			b, y := pick(r, words)
			c, z := pick(r, words)
			return a + "-" + b + "." + c, dns.TypeA, x + y + z
		},
		"labels in chosen order": func(r *rand.Rand, _ int) (string, uint16, float64) {
			a, x := pick(r, words)
			b, y := pick(r, words)
			return a + "." + b, dns.TypeA, x + y
		},
		"addresses": func(r *rand.Rand, _ int) (string, uint16, float64) {
			return fmt.Sprintf("%d.%d.%d.%d", r.IntN(256), r.IntN(256), r.IntN(256), r.IntN(256)), dns.TypeA, 32
		},
		"addresses in words": func(r *rand.Rand, _ int) (string, uint16, float64) {
			return fmt.Sprintf("ip-%d-%d-%d-%d", r.IntN(256), r.IntN(256), r.IntN(256), r.IntN(256)), dns.TypeA, 32
		},
		"few names in chosen order": func(r *rand.Rand, _ int) (string, uint16, float64) {
			a, x := pick(r, single)
			return a, dns.TypeA, x
		},
		"three names, never one twice": func(r *rand.Rand, i int) (string, uint16, float64) {
			// Of two names all there is to choose is how often one is repeated: a number.
			next := []int{(last + 1) % 3, (last + 2) % 3}[r.IntN(2)]
			last = next
			return single[next], dns.TypeA, 1
		},
		"one name in chosen types": func(r *rand.Rand, _ int) (string, uint16, float64) {
			return "www", uint16(1 + r.IntN(1<<16-1)), math.Log2(1<<16 - 1)
		},
		"one name in common types": func(r *rand.Rand, _ int) (string, uint16, float64) {
			return "www", [...]uint16{dns.TypeA, dns.TypeAAAA, dns.TypeHTTPS}[r.IntN(3)], math.Log2(3)
		},
		"tails of popular domains": func(r *rand.Rand, _ int) (string, uint16, float64) {
			d, x := pick(r, []string{"example.com", "example.net", "site.org", "shop.de"})
			w, y := pick(r, words)
			return w + "." + d, dns.TypeA, x + y
		},
		"counters": func(r *rand.Rand, i int) (string, uint16, float64) {
			return fmt.Sprintf("%d-%s", i, hex.EncodeToString(random(r, 4))), dns.TypeA, 32
		},
		"names of the model's own": func(r *rand.Rand, _ int) (string, uint16, float64) {
			return sampled(r, model)
		},
	}
}

// Whatever way data is written as queries, no more of it gets through, on average,
// than the queries cost.
func TestNoWayCarriesMoreThanItCosts(t *testing.T) {
	code := testCode(t)
	for name, write := range ways(t) {
		r := rand.New(rand.NewPCG(8, 1))
		p := pair{code: code}
		var paid, payload float64
		for i := range 3000 {
			prefix, qtype, bits := write(r, i)
			paid += float64(p.ask(prefix, qtype)) / float64(bit)
			payload += bits
		}
		t.Logf("%-28s %7.1f bits of payload a query, %7.1f paid", name, payload/3000, paid/3000)
		if paid < payload {
			t.Errorf("%s: %.0f bits of payload went for %.0f", name, payload, paid)
		}
	}
}

// The strongest adversary knows the code and writes by it: its queries are drawn by
// the very probabilities that the code gives them. Not even that gets more through.
// How likely a query is, is worked out here once more, from all its descriptions.
func TestTheCodeItselfCarriesNoMore(t *testing.T) {
	const queries = 20_000
	for seed := range uint64(3) {
		a := adversary{pair: pair{code: testCode(t)}, r: rand.New(rand.NewPCG(seed, 9))}
		a.model = a.code.Spell.(*surprisal.Model)
		a.seen = map[string]bool{}
		var paid, payload float64
		for range queries {
			prefix, qtype, bits := a.draw()
			cost := float64(a.ask(prefix, qtype)) / float64(bit)
			paid, payload = paid+cost, payload+bits
			a.take(prefix, qtype)
		}
		t.Logf("seed %d: %.2f bits of payload a query, %.2f paid", seed, payload/queries, paid/queries)
		if paid < payload {
			t.Errorf("seed %d: %.0f bits of payload went for %.0f", seed, payload, paid)
		}
		if paid > 1.15*payload {
			t.Errorf("seed %d: the adversary gets %.0f bits for %.0f: it is not the strongest", seed, payload, paid)
		}
	}
}

// adversary draws queries by the code: new names of labels that are held, spelled or
// raw, and names that are held.
type adversary struct {
	pair
	r     *rand.Rand
	model *surprisal.Model
	names []string // held, as the memory has them: the last sixteen

	lastName string
	lastType uint16

	labels []string
	seen   map[string]bool
}

// pickOne draws one of the alternatives by their probabilities, which it makes sum to 1.
func (a *adversary) pickOne(p []float64) int {
	sum := 0.
	for _, x := range p {
		sum += x
	}
	u := a.r.Float64() * sum
	for i, x := range p {
		if u -= x; u < 0 {
			return i
		}
	}
	return len(p) - 1
}

// draw returns a query and its information: −log2 of how likely it was to be drawn.
func (a *adversary) draw() (prefix string, qtype uint16, bits float64) {
	again := probability(priceAgain)
	if len(a.names) == 0 {
		again = 0
	}
	whole := again + probability(priceNew)
	if name, qtype, ok := a.expected(); ok {
		whole += probability(priceNext)
		if a.r.Float64()*whole < probability(priceNext) {
			return name, qtype, a.information(name, qtype, again, whole)
		}
	}
	types := []float64{3 * probability(priceCommon), 15 * probability(priceListed)}
	qtype = [...]uint16{dns.TypeA, dns.TypeAAAA, dns.TypeHTTPS}[a.r.IntN(3)]
	if a.pickOne(types) == 1 {
		qtype = [...]uint16{dns.TypePTR, dns.TypeTXT, dns.TypeMX, dns.TypeSRV, dns.TypeNS, dns.TypeSOA, dns.TypeCNAME, dns.TypeDS,
			dns.TypeDNSKEY, dns.TypeCAA, dns.TypeSVCB, dns.TypeTLSA, dns.TypeNAPTR, dns.TypeANY, dns.TypeNULL}[a.r.IntN(15)]
	}
	if a.pickOne([]float64{again, probability(priceNew)}) == 0 {
		prefix = a.names[a.r.IntN(len(a.names))]
	} else {
		prefix = a.newName()
	}
	if prefix == a.lastName && qtype == a.lastType {
		return a.draw() // that would say nothing but a number
	}
	return prefix, qtype, a.information(prefix, qtype, again, whole)
}

// expected is the query that followed the last one the time before.
func (a *adversary) expected() (name string, qtype uint16, ok bool) {
	this, ok := a.next[a.last]
	if !ok || this == a.last {
		return "", 0, false
	}
	at := strings.LastIndexByte(this, ' ')
	n, err := strconv.Atoi(this[at+1:])
	return this[:at], uint16(n), err == nil
}

// information is −log2 of how likely draw makes a query. Those that are drawn once
// more are a few too many in it.
func (a *adversary) information(prefix string, qtype uint16, again, whole float64) float64 {
	types := 3*probability(priceCommon) + 15*probability(priceListed)
	likely := probability(priceNew) * a.likelihood(prefix)
	for _, name := range a.names {
		if name == prefix {
			likely += again / float64(len(a.names))
		}
	}
	likely *= probability(priceType(typeCode(qtype))) / types
	if name, t, ok := a.expected(); ok && name == prefix && t == qtype {
		likely += probability(priceNext)
	}
	same := (probability(priceNew)*a.likelihood(a.lastName) + again/max(float64(len(a.names)), 1)) * probability(priceType(typeCode(a.lastType))) / types
	if len(a.names) == 0 {
		same = 0
	}
	return -math.Log2(likely / (whole - same))
}

// choices are end, held, spelled and raw.
func (a *adversary) choices() []float64 {
	held := probability(priceHeld)
	if len(a.labels) == 0 {
		held = 0
	}
	return []float64{probability(priceEnd), held, probability(priceSpelled), probability(priceRaw)}
}

func (a *adversary) newName() string {
	for {
		var labels []string
		for len(labels) < 6 {
			switch a.pickOne(a.choices()) {
			case 0:
				return strings.Join(labels, ".")
			case 1:
				labels = append([]string{a.labels[a.r.IntN(len(a.labels))]}, labels...)
			case 2:
				label, _ := spelledBy(a.r, a.model)
				labels = append([]string{label}, labels...)
			case 3:
				label := make([]byte, 1+a.r.IntN(63))
				for i := range label {
					label[i] = surprisal.Alphabet[a.r.IntN(len(surprisal.Alphabet))]
				}
				labels = append([]string{string(label)}, labels...)
			}
		}
	}
}

// likelihood is how likely newName makes a name, but for those that are too long.
func (a *adversary) likelihood(prefix string) float64 {
	p := a.choices()
	sum := p[0] + p[1] + p[2] + p[3]
	likely := p[0] / sum
	if prefix == "" {
		return likely
	}
	for _, label := range strings.Split(prefix, ".") {
		one := p[2] * spelledLikelihood(a.model, label)
		one += p[3] / 63 * math.Pow(float64(len(surprisal.Alphabet)), -float64(len(label)))
		for _, l := range a.labels {
			if l == label {
				one += p[1] / float64(len(a.labels))
			}
		}
		likely *= one / sum
	}
	return likely
}

// take keeps what the memory keeps.
func (a *adversary) take(prefix string, qtype uint16) {
	a.lastName, a.lastType = prefix, qtype
	a.names = a.kept(append(a.names, prefix), &a.memory.names, &a.tails.names)
	if prefix != "" {
		a.labels = a.kept(append(a.labels, strings.Split(prefix, ".")...), &a.memory.labels, &a.tails.labels)
	}
}

// kept are the texts whose prints are held, each once.
func (a *adversary) kept(texts []string, r *recent[uint64], t *tail[uint64]) (left []string) {
	clear(a.seen)
	for _, text := range texts {
		if !a.seen[text] && r.find(printOf[uint64](testKey.Sum([]byte(text))), t) >= 0 {
			a.seen[text] = true
			left = append(left, text)
		}
	}
	return left
}
