package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// replies writes records as notunnel's DNS log has them.
func replies(records ...string) string {
	all := make([][2]any, len(records))
	for i, r := range records {
		all[i] = [2]any{r, 60}
	}
	text, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// polled is a query for one name that brings the records.
func polled(sld, qtype string, bits float64, records ...string) composed {
	return composed{name: "poll." + sld, qtype: qtype, answers: replies(records...), down: bits}
}

func base64Of(r *rand.Rand, n int) string { return base64.RawURLEncoding.EncodeToString(bytesOf(r, n)) }

// downWay writes payload as replies.
type downWay struct {
	name  string
	write way
}

func downWays() []downWay {
	small := words(16)
	return []downWay{
		{"a stager that counts in three letters", func(r *rand.Rand, i int, sld string) composed {
			const letters = "abcdefghijklmnopqrstuvwxyz"
			q := polled(sld, "TXT", 180*8, base64Of(r, 180))
			q.name = string([]byte{letters[i/676%26], letters[i/26%26], letters[i%26]}) + "." + sld
			return q
		}},
		{"numbered texts", func(r *rand.Rand, i int, sld string) composed {
			q := polled(sld, "TXT", 90*8, hex.EncodeToString(bytesOf(r, 90)))
			q.name = fmt.Sprintf("%d.%s", i%100, sld)
			return q
		}},
		{"one name whose text changes", func(r *rand.Rand, _ int, sld string) composed {
			return polled(sld, "TXT", 40*8, base64Of(r, 40))
		}},
		{"words in a text", func(r *rand.Rand, _ int, sld string) composed {
			return polled(sld, "TXT", 12, small[r.IntN(16)]+" "+small[r.IntN(16)]+" "+small[r.IntN(16)])
		}},
		{"NULL", func(r *rand.Rand, _ int, sld string) composed {
			return polled(sld, "NULL", 200*8, `\# 200 `+hex.EncodeToString(bytesOf(r, 200)))
		}},
		{"MX", func(r *rand.Rand, _ int, sld string) composed {
			return polled(sld, "MX", 160, "10 "+hexOf(r, 20)+".mail.net")
		}},
		{"CNAME", func(r *rand.Rand, _ int, sld string) composed {
			return polled(sld, "A", 160, hexOf(r, 20)+".cname.net")
		}},
		{"four IPv4 addresses", func(r *rand.Rand, _ int, sld string) composed {
			var all []string
			for range 4 {
				all = append(all, fmt.Sprintf("%d.%d.%d.%d", r.IntN(256), r.IntN(256), r.IntN(256), r.IntN(256)))
			}
			return polled(sld, "A", 4*32, all...)
		}},
		{"IPv6 addresses", func(r *rand.Rand, _ int, sld string) composed {
			h := hexOf(r, 16)
			return polled(sld, "AAAA", 128, strings.Join([]string{h[:4], h[4:8], h[8:12], h[12:16], h[16:20], h[20:24], h[24:28], h[28:]}, ":"))
		}},
		{"targets of SRV", func(r *rand.Rand, _ int, sld string) composed {
			return polled(sld, "SRV", 160, "0 0 443 "+hexOf(r, 20)+".srv.net")
		}},
		{"parameters of HTTPS", func(r *rand.Rand, _ int, sld string) composed {
			return polled(sld, "HTTPS", 40*8, `\# 47 000100ffa00028`+hexOf(r, 40))
		}},
		{"parameters of SVCB", func(r *rand.Rand, _ int, sld string) composed {
			return polled(sld, "SVCB", 30*8, `1 . key65400="`+hexOf(r, 15)+hexOf(r, 15)+`"`)
		}},
		{"many small records", func(r *rand.Rand, _ int, sld string) composed {
			var all []string
			for range 20 {
				all = append(all, hexOf(r, 1))
			}
			return polled(sld, "TXT", 20*8, all...)
		}},
		{"signatures", func(r *rand.Rand, _ int, sld string) composed {
			return polled(sld, "TXT", 64*8, "ok", `RRSIG TXT 8 2 300 20300101000000 20250101000000 1 lab.net. `+base64.StdEncoding.EncodeToString(bytesOf(r, 64)))
		}},
		{"one of sixteen known texts", func(r *rand.Rand, i int, sld string) composed {
			return polled(sld, "TXT", 4, small[r.IntN(16)])
		}},
		{"a choice of sixteen known texts", func(r *rand.Rand, _ int, sld string) composed {
			var some []string
			for _, w := range small {
				if r.IntN(2) == 0 {
					some = append(some, w)
				}
			}
			return polled(sld, "TXT", 16, some...)
		}},
		{"numbers of MX", func(r *rand.Rand, _ int, sld string) composed {
			return polled(sld, "MX", 16, fmt.Sprintf("%d mail.lab.net", r.IntN(1<<16)))
		}},
		{"numbers of SRV", func(r *rand.Rand, _ int, sld string) composed {
			return polled(sld, "SRV", 48, fmt.Sprintf("%d %d %d srv.lab.net", r.IntN(1<<16), r.IntN(1<<16), r.IntN(1<<16)))
		}},
		{"how a text is parted", func(r *rand.Rand, _ int, sld string) composed {
			text := `"`
			for range 60 {
				text += "a"
				if r.IntN(2) == 0 {
					text += `" "`
				}
			}
			return polled(sld, "TXT", 59, text+`a"`)
		}},
		{"letter case of a name in a reply", func(r *rand.Rand, _ int, sld string) composed {
			return polled(sld, "CNAME", 60, inAnyCase(r, strings.Repeat("abcdef", 10))+".lab.net")
		}},
		{"types of empty records", func(r *rand.Rand, _ int, sld string) composed {
			return polled(sld, "ANY", math.Log2(65280-256), fmt.Sprintf(`TYPE%d \# 0`, 256+r.IntN(65280-256)))
		}},
	}
}

func inAnyCase(r *rand.Rand, text string) string {
	b := []byte(text)
	for i, c := range b {
		if c >= 'a' && c <= 'z' && r.IntN(2) == 0 {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}

// No way to write passes more of its payload in replies than DOWN and a last reply.
func TestNoWayBringsInMoreThanDown(t *testing.T) {
	const most = 12 << 10
	ways := downWays()
	var log []composed
	for i, w := range ways {
		every := 10 * time.Second
		if w.name == "one of sixteen known texts" || i < 2 {
			every = time.Second
		}
		log = append(log, drip(fmt.Sprintf("10.0.6.%d", i), labelFor(w.name)+"-lab.net", every, 26*time.Hour, uint64(i), w.write)...)
	}
	l := leaksOf(log, passes(t, log, "--budget", oneKiB, "--threshold", "1"), byPair)
	for i, w := range ways {
		got := mostOfADay(append(l.down[fmt.Sprintf("10.0.6.%d %s-lab.net", i, labelFor(w.name))], amount{}))
		t.Logf("%-50s %7.0f B down", w.name, got)
		t.Run(w.name, func(t *testing.T) {
			if got == 0 {
				t.Error("nothing passed")
			}
			if got > most {
				t.Errorf("%.0f bytes in a day, at most %d wanted", got, most)
			}
		})
	}
}
