package main

import (
	"math"
	"math/rand/v2"
	"strings"
)

// Record types by number; the last is of the private range.
const (
	tA, tNS, tCNAME, tNULL, tPTR, tMX, tTXT, tKEY = 1, 2, 5, 10, 12, 15, 16, 25
	tAAAA, tSRV, tDS, tDNSKEY, tTLSA              = 28, 33, 43, 48, 52
	tOPENPGPKEY, tSVCB, tHTTPS                    = 61, 64, 65
	tPrivate                                      = 65399
)

// habits is how a session asks and is answered. All but the usual habit of a
// family, which holds in half of its sessions, is drawn alike for every class.
type habits struct {
	mean     float64               // seconds between queries
	burst    float64               // chance of no gap at all
	retry    float64               // chance that a query is sent again
	asked    []int                 // types, each query takes one
	together bool                  // every query asks all the types
	asks     func(name string) int // the type that a name is asked by; nil for any
	style    string
	other    string // the style of the rest
	rest     float64
	ttl      int
	payload  float64 // mean bytes of a data reply
	write    coding  // how texts carry them
	stable   bool    // data replies hold the same whenever a name is asked for
	steady   bool    // gaps are even, as timers make them
	says     answer  // in the place of the style; nil for none
	lost     float64 // share of replies that do not come although says is there
	unlogged bool    // replies are left out of the log
}

// mostPayload is the bytes of a data reply, at most.
const mostPayload = 180

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
	"keys":     {[]int{tHTTPS, tDNSKEY, tDS, tTLSA}, "data"},
	"constant": {[]int{tA}, "constant"},
	"pointer":  {[]int{tPTR}, "data"},
}

// newHabits draws the habits of a session whose queries come that many seconds
// apart, on average.
func newHabits(r *rand.Rand, usual string, mean float64) *habits {
	h := &habits{
		mean:    mean,
		burst:   r.Float64() * 0.5,
		retry:   r.Float64() * r.Float64() * 0.4,
		ttl:     []int{0, 1, 5, 30, 60, 300, 3600, 86400}[r.IntN(8)],
		payload: logUniform(r, 8, mostPayload),
		rest:    r.Float64() * 0.3,
		write:   codings[r.IntN(len(codings))],
		stable:  r.IntN(10) > 0,
		steady:  r.IntN(5) == 0,
		lost:    r.Float64() * r.Float64() * 0.1,
		// Many logs have no replies.
		unlogged: r.IntN(4) == 0,
	}
	x := r.Float64()
	for _, m := range mixes {
		h.asked, h.together = m.asked, m.together
		if x -= m.share; x < 0 {
			break
		}
	}
	h.style, h.other = drawStyle(r), drawStyle(r)
	if r.IntN(2) == 0 {
		h.follow(r, usual)
	}
	return h
}

// follow takes over the usual habit of that name, if there is one.
func (h *habits) follow(r *rand.Rand, usual string) {
	if u, ok := usualHabits[usual]; ok {
		h.asked, h.together, h.style = u.asked, r.IntN(2) == 0, u.style
		if len(h.asked) == 1 && h.asked[0] == tA && r.IntN(2) == 0 {
			h.asked = []int{tA, tAAAA}
		}
	}
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
	if h.steady {
		return h.mean * (0.8 + 0.4*r.Float64())
	}
	return h.mean * r.ExpFloat64()
}

func (h *habits) repeats(r *rand.Rand) int {
	if r.Float64() < h.retry {
		return 1
	}
	return 0
}

func (h *habits) types(r *rand.Rand, name string) []int {
	if h.asks != nil {
		return []int{h.asks(name)}
	}
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
	if h.says != nil {
		if style = "says"; r.Float64() < h.lost {
			style = "unknown"
		}
	}
	if h.unlogged {
		style = "unknown"
	}
	switch style {
	case "unknown":
		return "-", "-"
	case "says":
		return h.says(r, name, qtype).columns(h.ttl)
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
		data = bytesOf(fixed(name, 1), 8)
	default:
		if h.stable {
			r = fixed(name, uint64(qtype))
		}
		data = bytesOf(r, 4+int(min(h.payload*r.ExpFloat64(), mostPayload)))
	}
	return reply{records: []string{rdata(qtype, data, h.write)}}.columns(h.ttl)
}

// chop cuts text into labels of at most size bytes, and where it has a dot.
func chop(text string, size int) (labels []string) {
	for label := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '.' }) {
		for ; len(label) > size; label = label[size:] {
			labels = append(labels, label[:size])
		}
		labels = append(labels, label)
	}
	return labels
}

// The gaps between queries, in seconds. Benign sessions draw from all of it, one in
// ten from beyond, as beacons have it; tunnels from the part that their rhythm
// names.
const fastest, slowest, rarest = 0.005, 60, 1800

func benignGap(r *rand.Rand) float64 {
	if r.IntN(10) == 0 {
		return logUniform(r, slowest, rarest)
	}
	return logUniform(r, fastest, slowest)
}

// rhythm is how a tunnel is used.
type rhythm struct {
	name     string
	fastest  float64 // mean gap, seconds
	slowest  float64
	poll     float64 // least share of queries that carry next to nothing
	mostPoll float64
	fewest   int // names
	most     int
}

// mostPolls keeps sessions that poll without new names from never ending.
const mostPolls = 0.9

var (
	active  = rhythm{"active", fastest, 1, 0, 0.4, 40, 400}
	idle    = rhythm{"idle", 0.2, 10, 0.7, 1, 40, 200}
	slow    = rhythm{"slow", 10, slowest, 0, 0.7, 40, 120}
	rhythms = []rhythm{active, idle, slow}
)

// How many names of an SLD a client asks for, given that it asks for enough to
// be judged. The tail is measured: of the pairs in the office log (WRCCDC, 21
// minutes) with at least 8 names, one in four has 16 and one in twenty 32, a
// Pareto tail of exponent 1.9; in a resolver's log without clients (DNS-OARC
// sample) it is 1.1.
const (
	fewestNames = 6
	mostNames   = 220
	clientTail  = 1.9
	crowdTail   = 1.1
)

// visited draws a number of names; a crowd is a forwarder or a mail server that
// asks for many clients.
func visited(r *rand.Rand, crowd bool) int {
	tail := clientTail
	if crowd {
		tail = crowdTail
	}
	return int(min(fewestNames*math.Pow(1-r.Float64(), -1/tail), mostNames))
}

// logUniform draws from low to high, every order of magnitude alike.
func logUniform(r *rand.Rand, low, high float64) float64 {
	return low * math.Exp(r.Float64()*math.Log(high/low))
}
