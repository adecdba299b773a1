package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"testing"
)

// Who reads the list reads what the package embeds.
func TestListAndTrieAreOfOneRun(t *testing.T) {
	f, err := os.Open("lexicon.txt.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	list, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var entries []entry
	for {
		var e entry
		if n, err := fmt.Fscanln(list, &e.word, &e.cost); n == 0 {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
	}
	want, err := compile(entries)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("lexicon.trie")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("lexicon.trie (%d bytes) is not lexicon.txt.gz compiled (%d entries, %d bytes)", len(got), len(entries), len(want))
	}
}
