package segment

import (
	_ "embed"

	"github.com/notunnel/notunnel/segment/trie"
)

// The lexicon is built by the program in lexicon/ from the word lists named in
// lexicon/NOTICE, together with a list of its words and costs that can be read:
//
//	go run ./segment/lexicon WORDS-DIRECTORY
//
//go:embed lexicon/lexicon.trie
var packed []byte

// lexicon is used as it lies in the binary.
var lexicon = trie.Trie(packed)
