package main

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// plain spells letters that do not decompose into a letter a–z and an accent.
var plain = strings.NewReplacer("ß", "ss", "ø", "o", "ł", "l", "ı", "i", "æ", "ae", "œ", "oe", "đ", "d")

// hostForm spells letters as German and Scandinavian host names do: mueller,
// gaaer.
var hostForm = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "å", "aa", "ø", "oe")

// fold returns the spellings of word with the letters a–z only: without
// accents and, where it differs, as in host names. A word with any other
// character, an apostrophe or hyphen included, has none.
func fold(word string) []string {
	word = norm.NFC.String(strings.ToLower(word))
	var forms []string
	for _, form := range []string{word, hostForm.Replace(word)} {
		form = ascii(form)
		if form != "" && (len(forms) == 0 || forms[0] != form) {
			forms = append(forms, form)
		}
	}
	return forms
}

func ascii(word string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(plain.Replace(word)) {
		switch {
		case 'a' <= r && r <= 'z':
			b.WriteRune(r)
		case !unicode.Is(unicode.Mn, r):
			return ""
		}
	}
	return b.String()
}
