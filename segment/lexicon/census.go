package main

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// A source is one word list.
type source struct {
	// dictionary says that the list is not ordered by frequency, but writes
	// names with a capital.
	dictionary bool
	// weight multiplies ranks: a word of another language is rarer in host
	// names than an English word of the same rank.
	weight int
	// limit is the last rank taken from the list.
	limit int
}

// sourceOf knows the lists by their names.
func sourceOf(file string) source {
	switch {
	case strings.HasPrefix(file, "wordninja"):
		return source{weight: 1, limit: 60000}
	case strings.HasPrefix(file, "opensubtitles_en"):
		return source{weight: 1, limit: 30000}
	case strings.HasPrefix(file, "opensubtitles"):
		return source{weight: 4, limit: 15000}
	}
	return source{dictionary: true} // confirms the others, brings no word of its own
}

// shortLimit is the last weighted rank of words with three and four letters:
// the rarer ones are names and noise that cut random strings by chance.
var shortLimit = map[int]int{3: 16000, 4: 30000}

// A finding is what the sources say of one word.
type finding struct {
	rank    int // best weighted rank, 0 where only the dictionary has it
	sources int
	// The dictionary has it with a capital, and as a common word.
	capital, common bool
}

// A census maps words to findings.
type census map[string]finding

// add counts the words of one source.
func (c census) add(s source, words []string) {
	seen := map[string]bool{}
	for i, word := range words {
		for _, form := range fold(word) {
			f := c[form]
			if s.dictionary {
				f.capital = f.capital || word != strings.ToLower(word)
				f.common = f.common || word == strings.ToLower(word)
			} else if rank := (i + 1) * s.weight; i < s.limit && (f.rank == 0 || rank < f.rank) {
				f.rank = rank
			}
			if !seen[form] { // without accents two words of a list may be one
				seen[form] = true
				f.sources++
			}
			c[form] = f
		}
	}
}

// compound reports whether word is a name made of two words that are more
// frequent than itself. Such a name is cut into what it is made of.
func (c census) compound(word string) bool {
	f := c[word]
	if !f.capital || f.common {
		return false
	}
	for at := 3; at <= len(word)-3; at++ {
		head, tail := c[word[:at]].rank, c[word[at:]].rank
		if head > 0 && head < f.rank && tail > 0 && tail < f.rank {
			return true
		}
	}
	return false
}

// An entry is a word of the lexicon with its cost.
type entry struct {
	word string
	cost int
}

// lexicon selects and prices the words: the short list and the vocabulary
// whole, the others by frequency.
func (c census) lexicon(short, vocabulary []string) []entry {
	ranks := map[string]int{}
	for word, f := range c {
		if f.rank == 0 || len(word) < 3 || c.compound(word) {
			continue
		}
		if limit, ok := shortLimit[len(word)]; ok && f.rank > limit {
			continue
		}
		if len(word) == 3 && f.sources < 2 {
			continue
		}
		ranks[word] = f.rank
	}
	const handRank = 2000 // of a hand-kept word that is rarer in the lists
	for _, word := range slices.Concat(short, vocabulary) {
		ranks[word] = handRank
		if f := c[word]; f.rank > 0 {
			ranks[word] = min(f.rank, handRank)
		}
	}
	entries := make([]entry, 0, len(ranks))
	for word, rank := range ranks {
		entries = append(entries, entry{word, price(rank, len(ranks))})
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.word, b.word) })
	return entries
}

// price is the cost of the word of a rank by Zipf's law, where the probability
// of rank r among n words is 1/(r·ln n): ln(r·ln n) in quarters of a nat, which
// lie in 1–63 for every rank below half a million.
func price(rank, n int) int {
	return int(math.Round(4 * math.Log(float64(rank)*math.Log(float64(n)))))
}
