package segment

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"
)

func TestLoadRejectsBrokenLists(t *testing.T) {
	tests := []struct {
		name, list, wantErr string
	}{
		{"sound", "a 10\nad 20\nmail 63\n", ""},
		{"no word", "a 10\n\n", "line 2"},
		{"out of order", "mail 10\nad 20\n", "line 2"},
		{"twice", "ad 10\nad 20\n", "line 2"},
		{"no cost", "ad\n", "cost of \"ad\""},
		{"cost of zero", "ad 0\n", "cost of \"ad\""},
		{"cost too high", "ad 64\n", "cost of \"ad\""},
		{"cost is no number", "ad x\n", "cost of \"ad\""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := load(zipped(t, tt.list))
			if tt.wantErr == "" && err != nil {
				t.Fatal(err)
			}
			if tt.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tt.wantErr)) {
				t.Fatalf("error %v, want one with %q", err, tt.wantErr)
			}
		})
	}
	if _, err := load([]byte("a 10\n")); err == nil {
		t.Error("a file that is not gzipped was read")
	}
}

func TestTrieFindsItsWordsOnly(t *testing.T) {
	words := []string{"a", "ad", "admin", "mail", "mailbox", "z"}
	costs := []uint8{1, 2, 3, 4, 5, maxCost}
	lexicon := newTrie(words, costs)
	find := func(word string) uint8 {
		n := lexicon.root()
		for i := range len(word) {
			var ok bool
			if n, ok = lexicon.child(n, word[i]); !ok {
				return 0
			}
		}
		return lexicon.cost(n)
	}
	for i, word := range words {
		if got := find(word); got != costs[i] {
			t.Errorf("cost of %q is %d, want %d", word, got, costs[i])
		}
	}
	for _, word := range []string{"adm", "mai", "mails", "b", "zz", "mailboxes"} {
		if got := find(word); got != 0 {
			t.Errorf("cost of %q is %d, want none", word, got)
		}
	}
}

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	if _, err := zip.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
