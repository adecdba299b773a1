package main

import (
	"slices"
	"testing"
)

func TestFoldSpellsAsHostNamesDo(t *testing.T) {
	tests := []struct {
		word string
		want []string
	}{
		{"mail", []string{"mail"}},
		{"Müller", []string{"muller", "mueller"}},
		{"größe", []string{"grosse", "groesse"}},
		{"société", []string{"societe"}},
		{"señal", []string{"senal"}},
		{"źródło", []string{"zrodlo"}},
		{"müşteri", []string{"musteri", "muesteri"}},
		{"tanrı", []string{"tanri"}},
		{"smörgås", []string{"smorgas", "smoergaas"}},
		{"freight's", nil},
		{"co-op", nil},
		{"mp3", nil},
		{"почта", nil},
	}
	for _, tt := range tests {
		if got := fold(tt.word); !slices.Equal(got, tt.want) {
			t.Errorf("fold(%q) = %q, want %q", tt.word, got, tt.want)
		}
	}
}

func TestLexiconSelects(t *testing.T) {
	english := source{weight: 1, limit: 100}
	c := census{}
	c.add(english, []string{"the", "new", "york", "castle", "qqq", "xy", "newcastle", "outlook", "look", "out"})
	c.add(source{weight: 1, limit: 1}, []string{"the", "beyond"})
	c.add(source{dictionary: true}, []string{"Newcastle", "York", "new", "outlook", "castle", "out", "look", "zyzzyva"})

	var words []string
	for _, e := range c.lexicon([]string{"ip"}, []string{"cdn"}) {
		words = append(words, e.word)
		if e.cost < 1 || e.cost > 63 {
			t.Errorf("cost of %q is %d", e.word, e.cost)
		}
	}
	// Left out: "qqq" (one source), "xy" (not on the short list), "beyond"
	// (past its source's limit), "newcastle" (a name made of two words),
	// "zyzzyva" (no rank). "outlook" is made of two words, too, but no name.
	want := []string{"castle", "cdn", "ip", "look", "new", "out", "outlook", "the", "york"}
	if !slices.Equal(words, want) {
		t.Errorf("lexicon %q, want %q", words, want)
	}
}
