package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// wordTunnels hide bytes in words, which the names of hosts consist of too.
func wordTunnels() []tunnelFamily {
	var all []tunnelFamily
	for _, kind := range []struct {
		name string
		list func(r *rand.Rand, w *world) []string
	}{
		{"words", func(r *rand.Rand, _ *world) []string { return several(256, func() string { return syllables(r) }) }},
		{"words-hosts", func(r *rand.Rand, w *world) []string { return several(256, func() string { return w.word(r) }) }},
		{"words-many", func(r *rand.Rand, w *world) []string { return several(4096, func() string { return w.word(r) }) }},
		{"words-few", func(r *rand.Rand, w *world) []string {
			return several(16<<r.IntN(3), func() string { return w.word(r) })
		}},
	} {
		all = append(all, tunnelFamily{kind.name, rhythms, func(r *rand.Rand, w *world, h rhythm) client {
			list := kind.list(r, w)
			return encoding{kind.name, func(r *rand.Rand) encoder { return words(r, list) }}.tunnel(r, w, h)
		}})
	}
	return all
}

// words writes each byte, and the bits that a long list takes beyond it, as one
// word. Some lists are sent with a number behind, as made-up host names have one.
func words(r *rand.Rand, list []string) encoder {
	sep, number := pick(r, "-", ".", ""), r.IntN(4) == 0
	return func(data []byte) string {
		picked := make([]string, (len(data)+3)/4)
		for i := range picked {
			at := int(data[i*4])
			if i*4+1 < len(data) {
				at |= int(data[i*4+1]) << 8
			}
			picked[i] = list[at%len(list)]
		}
		if number && len(data) > 2 {
			picked[len(picked)-1] += fmt.Sprint(data[2])
		}
		return strings.Join(picked, sep)
	}
}

var (
	onsets = strings.Fields("b br c ch d dr f fl g gr h j k l m n p pl qu r s sh st t tr v w")
	vowels = strings.Fields("a e i o u ai ea ee oo ou")
	ends   = strings.Fields("n r t d ck ll ss nd st mp ke te ne se y er on el")
)

// syllables is a made-up word.
func syllables(r *rand.Rand) string {
	return pick(r, onsets...) + pick(r, vowels...) + pick(r, ends...)
}

// wordsOf are the parts of labels that are words, three to nine letters.
func wordsOf(labels []string) (words []string) {
	seen := map[string]bool{}
	for _, label := range labels {
		for word := range strings.FieldsFuncSeq(label, func(c rune) bool { return c < 'a' || c > 'z' }) {
			if len(word) >= 3 && len(word) <= 9 && !seen[word] {
				seen[word] = true
				words = append(words, word)
			}
		}
	}
	return words
}

func (w *world) word(r *rand.Rand) string {
	if len(w.words) == 0 {
		return syllables(r)
	}
	return w.words[r.IntN(len(w.words))]
}

// several are n draws.
func several(n int, draw func() string) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = draw()
	}
	return all
}
