package segment

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"sync"
)

// The lexicon is built by the program in lexicon/ from the word lists named in
// lexicon/NOTICE:
//
//	go run ./segment/lexicon WORDS-DIRECTORY
//
//go:embed lexicon/lexicon.txt.gz
var packed []byte

// embedded unpacks the lexicon once. The file is part of the program, so a
// fault in it is a fault of the program.
var embedded = sync.OnceValue(func() *trie {
	t, err := load(packed)
	if err != nil {
		panic("segment: embedded lexicon: " + err.Error())
	}
	return t
})

// load reads a gzipped list of lines `word cost`, sorted by word.
func load(packed []byte) (*trie, error) {
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(zip)
	if err != nil {
		return nil, err
	}
	text := string(raw) // the words below are slices of it
	lines := bytes.Count(raw, []byte{'\n'})
	words, costs := make([]string, 0, lines), make([]uint8, 0, lines)
	for line, at := 1, 0; at < len(text); line++ {
		end := at
		for end < len(text) && 'a' <= text[end] && text[end] <= 'z' {
			end++
		}
		word := text[at:end]
		if word == "" || len(words) > 0 && word <= words[len(words)-1] {
			return nil, fmt.Errorf("line %d: no word, or out of order", line)
		}
		cost := 0
		for at = end + 1; at < len(text) && text[at] != '\n' && cost <= maxCost; at++ {
			cost = 10*cost + int(text[at]-'0')
		}
		if cost < 1 || cost > maxCost {
			return nil, fmt.Errorf("line %d: cost of %q is not in 1–%d", line, word, maxCost)
		}
		words, costs = append(words, word), append(costs, uint8(cost))
		at++
	}
	return newTrie(words, costs), nil
}
