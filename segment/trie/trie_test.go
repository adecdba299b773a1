package trie

import (
	"strings"
	"testing"
)

// find is the cost of a word, 0 if it is none.
func find(t Trie, word string) uint8 {
	n := t.Root()
	for i := range len(word) {
		var ok bool
		if n, ok = t.Child(n, word[i]); !ok {
			return 0
		}
	}
	return n.Cost()
}

func TestTrieFindsItsWordsOnly(t *testing.T) {
	words := []string{"a", "ad", "admin", "mad", "madmin", "mail", "mailbox", "z"}
	costs := []int{1, 2, 3, 2, 3, 4, 5, MaxCost}
	built, err := Build(words, costs)
	if err != nil {
		t.Fatal(err)
	}
	for i, word := range words {
		if got := find(built, word); int(got) != costs[i] {
			t.Errorf("cost of %q is %d, want %d", word, got, costs[i])
		}
	}
	for _, word := range []string{"adm", "mai", "mails", "b", "zz", "mailboxes"} {
		if got := find(built, word); got != 0 {
			t.Errorf("cost of %q is %d, want none", word, got)
		}
	}
}

func TestTrieStoresLikeEndingsOnce(t *testing.T) {
	alike, _ := Build([]string{"xing", "ying"}, []int{7, 7})
	other, _ := Build([]string{"xing", "ying"}, []int{7, 8})
	if got, want := len(alike), nodeSize*(1+2+3); got != want {
		t.Errorf("two words with one ending take %d bytes, want %d", got, want)
	}
	if got, want := len(other), nodeSize*(1+2+6); got != want {
		t.Errorf("endings of other costs take %d bytes, want %d", got, want)
	}
}

func TestBuildRefuses(t *testing.T) {
	tests := []struct {
		name    string
		words   []string
		costs   []int
		wantErr string
	}{
		{"nothing", nil, nil, ""},
		{"no word", []string{""}, []int{1}, `"" is empty`},
		{"out of order", []string{"mail", "ad"}, []int{1, 1}, `"ad" is empty, twice there or out of order`},
		{"twice", []string{"ad", "ad"}, []int{1, 1}, `"ad" is empty, twice there or out of order`},
		{"another letter", []string{"a-d"}, []int{1}, `"a-d" is not of the letters a–z`},
		{"no cost", []string{"ad"}, []int{0}, `cost of "ad" is 0`},
		{"cost too high", []string{"ad"}, []int{64}, `cost of "ad" is 64`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Build(tt.words, tt.costs)
			if tt.wantErr == "" && err != nil || tt.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tt.wantErr)) {
				t.Errorf("error %v, want %q", err, tt.wantErr)
			}
		})
	}
}
