package networks

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// Names are the real names that networks draw from.
type Names struct {
	Hosts  []string // full names
	SLDs   []string
	Labels []string // first labels of hosts

	weights []float64 // of hosts, summed up
}

// AddZone adds the hosts of an SLD, with the number of days that each was among the most
// asked for, which makes it more likely to be drawn. An SLD with many such hosts is not
// drawn as often as they are together: lists add up what the world asks for, of which
// one network sees the SLD and few of its hosts.
func (n *Names) AddZone(sld string, prefixes []string, days []int) {
	var all float64
	for _, d := range days {
		all += math.Pow(float64(d)+1, 3)
	}
	sum := 0.
	if len(n.weights) > 0 {
		sum = n.weights[len(n.weights)-1]
	}
	for i, prefix := range prefixes {
		sum += math.Pow(float64(days[i])+1, 3) / math.Pow(all, .25)
		n.Hosts, n.weights = append(n.Hosts, prefix+"."+sld), append(n.weights, sum)
	}
}

// host draws one by its weight.
func (n *Names) host(r *rand.Rand) string {
	x := r.Float64() * n.weights[len(n.weights)-1]
	at, _ := slices.BinarySearch(n.weights, x)
	return n.Hosts[min(at, len(n.Hosts)-1)]
}

func (n *Names) label(r *rand.Rand) string { return n.Labels[r.IntN(len(n.Labels))] }
func (n *Names) sld(r *rand.Rand) string   { return n.SLDs[r.IntN(len(n.SLDs))] }

// several are different ones.
func several(count int, draw func() string) (all []string) {
	seen := map[string]bool{}
	for tries := 0; len(all) < count && tries < 50*count; tries++ {
		if s := draw(); !seen[s] {
			seen[s] = true
			all = append(all, s)
		}
	}
	return all
}

var syllables = strings.Fields("bra dol fen gar hul jes kor lim mun nar pel quor ras sol tam ul vek wil xan yor zet brin clo dru fla gri kle plo stra tru")

// invented is a registered domain that is on no list of domains.
func invented(r *rand.Rand) string {
	name := ""
	for range 3 + r.IntN(2) {
		name += syllables[r.IntN(len(syllables))]
	}
	return name + pick(r, "", "-group", "-online", "-services", "-systems") + pick(r, ".com", ".net", ".de", ".eu", ".org", ".io")
}

const (
	hexDigits = "0123456789abcdef"
	lowercase = "abcdefghijklmnopqrstuvwxyz"
	base36    = "0123456789" + lowercase
	base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + base36 + "-_"
)

// random is n characters of an alphabet.
func random(r *rand.Rand, alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(b)
}

func guid(r *rand.Rand) string {
	return strings.Join([]string{random(r, hexDigits, 8), random(r, hexDigits, 4), "4" + random(r, hexDigits, 3), random(r, "89ab", 1) + random(r, hexDigits, 3), random(r, hexDigits, 12)}, "-")
}

func pick(r *rand.Rand, of ...string) string { return of[r.IntN(len(of))] }

// address is four octets as names have them, the last one first.
type address [4]byte

func anyAddress(r *rand.Rand) address {
	return address{byte(11 + r.IntN(200)), byte(r.IntN(256)), byte(r.IntN(256)), byte(1 + r.IntN(254))}
}

func (a address) String() string { return fmt.Sprintf("%d.%d.%d.%d", a[0], a[1], a[2], a[3]) }

func (a address) reversed() string { return fmt.Sprintf("%d.%d.%d.%d", a[3], a[2], a[1], a[0]) }

func (a address) pointer() string { return a.reversed() + ".in-addr.arpa" }
