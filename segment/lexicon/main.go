// Command lexicon builds the lexicon of package segment from the word lists that
// NOTICE names: lexicon.trie, which the package embeds, and lexicon.txt.gz, the
// same for people to read.
//
//	go run ./segment/lexicon WORDS-DIRECTORY
//
// run at the root of the module. Lists of the directory are gzipped, one word
// to a line, most frequent first; only wamerican is unordered.
package main

import (
	"bufio"
	"compress/gzip"
	_ "embed"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/notunnel/notunnel/segment/trie"
)

const (
	listFile = "segment/lexicon/lexicon.txt.gz"
	trieFile = "segment/lexicon/lexicon.trie"
)

//go:embed short.txt
var short string

//go:embed dns.txt
var vocabulary string

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: go run ./segment/lexicon WORDS-DIRECTORY")
	}
	if err := build(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func build(dir string) error {
	lists, err := filepath.Glob(filepath.Join(dir, "*.txt.gz"))
	if err != nil {
		return err
	}
	if len(lists) == 0 {
		return fmt.Errorf("%s holds no *.txt.gz", dir)
	}
	c := census{}
	for _, file := range lists {
		words, err := read(file)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		c.add(sourceOf(filepath.Base(file)), words)
	}
	entries := c.lexicon(fields(short), fields(vocabulary))
	packed, err := compile(entries)
	if err != nil {
		return err
	}
	if err := os.WriteFile(trieFile, packed, 0o666); err != nil {
		return err
	}
	return write(listFile, entries)
}

// compile packs the entries, which are sorted.
func compile(entries []entry) (trie.Trie, error) {
	var words []string
	var costs []int
	for _, e := range entries {
		words, costs = append(words, e.word), append(costs, e.cost)
	}
	return trie.Build(words, costs)
}

// read returns the first field of every line.
func read(file string) ([]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	zip, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	var words []string
	lines := bufio.NewScanner(zip)
	for lines.Scan() {
		word, _, _ := strings.Cut(lines.Text(), " ")
		words = append(words, word)
	}
	return words, lines.Err()
}

// fields returns the words of a hand-kept list, whose comments begin with '#'.
func fields(list string) []string {
	var words []string
	for line := range strings.Lines(list) {
		line, _, _ = strings.Cut(line, "#")
		words = append(words, strings.Fields(line)...)
	}
	return words
}

func write(file string, entries []entry) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	zip, err := gzip.NewWriterLevel(f, gzip.BestCompression)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if _, err := fmt.Fprintf(zip, "%s %d\n", e.word, e.cost); err != nil {
			return err
		}
	}
	if err := zip.Close(); err != nil {
		return err
	}
	return f.Close()
}
