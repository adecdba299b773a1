package main

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strings"
)

// Record types by number; the last is of the private range.
const (
	tA, tNS, tCNAME, tNULL, tPTR, tMX, tTXT, tKEY  = 1, 2, 5, 10, 12, 15, 16, 25
	tAAAA, tSRV, tDS, tDNSKEY, tOPENPGPKEY, tHTTPS = 28, 33, 43, 48, 61, 65
	tPrivate                                       = 65399
)

// habits is how a session asks and is answered. All but the usual habit of a
// family, which holds in half of its sessions, is drawn alike for every class.
type habits struct {
	mean     float64 // seconds between queries
	burst    float64 // chance of no gap at all
	retry    float64 // chance that a query is sent again
	asked    []int   // types, each query takes one
	together bool    // every query asks all the types
	style    string
	other    string // the style of the rest
	rest     float64
	ttl      int
	payload  float64 // mean bytes of a data reply
}

// What sessions ask for. A and AAAA lead, as in real logs; every other type is
// as likely in a benign session as in a tunnel.
var mixes = []struct {
	share    float64
	asked    []int
	together bool
}{
	{.34, []int{tA}, false},
	{.12, []int{tA, tAAAA}, true},
	{.06, []int{tA, tAAAA, tHTTPS}, true},
	{.04, []int{tAAAA}, false},
	{.20, []int{tTXT}, false},
	{.05, []int{tCNAME}, false},
	{.04, []int{tMX}, false},
	{.03, []int{tSRV}, false},
	{.03, []int{tNULL, tPrivate, tKEY}, false},
	{.03, []int{tNS, tDS, tDNSKEY, tA}, false},
	{.06, []int{tTXT, tCNAME, tMX}, false},
}

// How sessions are answered.
var styles = []struct {
	share float64
	style string
}{
	{.30, "address"}, {.12, "constant"}, {.26, "data"}, {.08, "empty"}, {.14, "nxdomain"}, {.06, "unknown"}, {.04, "servfail"},
}

// usualHabits overrule mix and style in half of a family's sessions.
var usualHabits = map[string]struct {
	asked []int
	style string
}{
	"address":  {[]int{tA}, "address"},
	"browse":   {[]int{tA, tAAAA, tHTTPS}, "address"},
	"listed":   {[]int{tA}, "nxdomain"},
	"listtext": {[]int{tA, tTXT}, "nxdomain"},
	"text":     {[]int{tTXT}, "data"},
	"missing":  {[]int{tA, tAAAA}, "nxdomain"},
	"service":  {[]int{tSRV}, "data"},
	"delegate": {[]int{tNS, tDS, tDNSKEY, tA}, "address"},
	"key":      {[]int{tOPENPGPKEY}, "nxdomain"},
	"constant": {[]int{tA}, "constant"},
}

func newHabits(r *rand.Rand, usual string) *habits {
	h := &habits{
		mean:    logUniform(r, 0.005, 60),
		burst:   r.Float64() * 0.5,
		retry:   r.Float64() * r.Float64() * 0.4,
		ttl:     []int{0, 1, 5, 30, 60, 300, 3600, 86400}[r.IntN(8)],
		payload: logUniform(r, 8, 180),
		rest:    r.Float64() * 0.3,
	}
	x := r.Float64()
	for _, m := range mixes {
		h.asked, h.together = m.asked, m.together
		if x -= m.share; x < 0 {
			break
		}
	}
	h.style, h.other = drawStyle(r), drawStyle(r)
	if u, ok := usualHabits[usual]; ok && r.IntN(2) == 0 {
		h.asked, h.together, h.style = u.asked, r.IntN(2) == 0, u.style
	}
	return h
}

func drawStyle(r *rand.Rand) string {
	x := r.Float64()
	for _, s := range styles {
		if x -= s.share; x < 0 {
			return s.style
		}
	}
	return styles[0].style
}

func (h *habits) gap(r *rand.Rand) float64 {
	if r.Float64() < h.burst {
		return 0.002
	}
	return h.mean * r.ExpFloat64()
}

func (h *habits) repeats(r *rand.Rand) int {
	if r.Float64() < h.retry {
		return 1
	}
	return 0
}

func (h *habits) types(r *rand.Rand, prefix string) []int {
	if h.together {
		return h.asked
	}
	return []int{h.asked[r.IntN(len(h.asked))]}
}

// reply is rcode and answers, as the log has them.
func (h *habits) reply(r *rand.Rand, qtype int, name string) (rcode, answers string) {
	style := h.style
	if r.Float64() < h.rest {
		style = h.other
	}
	switch style {
	case "unknown":
		return "-", "-"
	case "empty":
		return "0", "[]"
	case "nxdomain":
		return "3", "[]"
	case "servfail":
		return "2", "[]"
	}
	var data []byte
	switch style {
	case "constant":
		data = []byte{127, 0, 0, 1}
	case "address":
		sum := fnv.New64a()
		sum.Write([]byte(name))
		data = sum.Sum(nil)
	default:
		data = make([]byte, 4+int(min(h.payload*r.ExpFloat64(), 180)))
		for i := range data {
			data[i] = byte(r.Uint32())
		}
	}
	return "0", fmt.Sprintf(`[["%s", %d]]`, rdata(qtype, data), h.ttl)
}

// rdata puts bytes into a record of the type, in presentation form, quoted for
// JSON.
func rdata(qtype int, data []byte) string {
	for len(data) < 8 {
		data = append(data, 0)
	}
	switch qtype {
	case tA:
		return fmt.Sprintf("%d.%d.%d.%d", 1+data[0]%220, data[1], data[2], data[3])
	case tAAAA:
		return fmt.Sprintf("2001:db8:%x:%x::%x", int(data[0])<<8|int(data[1]), int(data[2])<<8|int(data[3]), int(data[4])+1)
	case tTXT:
		return `\"` + base64.RawURLEncoding.EncodeToString(data) + `\"`
	case tCNAME, tPTR, tNS:
		return target(data)
	case tMX:
		return "10 " + target(data)
	case tSRV, tHTTPS:
		if qtype == tHTTPS {
			return "1 " + target(data)
		}
		return "0 5 443 " + target(data)
	}
	return fmt.Sprintf(`\\# %d %s`, len(data), hex.EncodeToString(data))
}

// target is a host name that carries the bytes.
func target(data []byte) string {
	text := hex.EncodeToString(data[:min(len(data), 100)])
	return strings.Join(chop(text, 60), ".") + ".net."
}

// chop cuts text into labels of at most size bytes.
func chop(text string, size int) (labels []string) {
	for len(text) > size {
		labels = append(labels, text[:size])
		text = text[size:]
	}
	return append(labels, text)
}

// logUniform draws from low to high, every order of magnitude alike.
func logUniform(r *rand.Rand, low, high float64) float64 {
	return low * math.Exp(r.Float64()*math.Log(high/low))
}
