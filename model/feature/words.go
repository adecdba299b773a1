package feature

import (
	"fmt"
	"math"
)

// words say what each feature measures, in the order of Names, for people who have to
// decide on a verdict.
var words = [Count]string{
	"bits of randomness a character in what is new",
	"spread of that randomness",
	"bits of randomness a character in all that is new together",
	"bits of randomness a byte in what replies bring",
	"share of names with something new",
	"share of replies with something new",
	"different characters in what is new",
	"different characters for each one",
	"unlikeness to names that people give hosts",
	"pieces a character when cut into words",
	"bits of information a query",
	"spread of the bits a name",
	"bits of information a new character",
	"share of the names that is new",
	"bytes of information sent",
	"characters of the longest label",
	"spread of the lengths of names",
	"bytes of information a reply brings",
	"bytes of information that came in",
	"share of hyphens in what is new",
}

// jointWords are those of JointNames.
var jointWords = [JointCount]string{
	"bits of information a new character",
	"share of the names that is new",
	"bits of randomness a character in what is new",
	"characters of the longest label",
	"share of digits",
	"spread of the lengths of names",
	"bytes of information a reply brings",
	"share of labels under more than one domain",
	"share of names that are laid out alike under several domains",
}

// Words says what a feature measures, by its name in Names or JointNames, and Shown is a
// value of it as people read that: not the logarithm that the forest gets.
func Words(name string) string {
	for i, n := range Names {
		if n == name {
			return words[i]
		}
	}
	for i, n := range JointNames {
		if n == name {
			return jointWords[i]
		}
	}
	return name
}

// Shown is a value of a feature as people read it.
func Shown(name string, x float32) string {
	switch {
	case x == Unanswered && (name == "answer_entropy_cum" || name == "unique_answer_ratio" || name == "down_mean"):
		return "no answers yet"
	case name == "bits_up" || name == "down_mean" || name == "down": // log2(1 + bytes)
		return fmt.Sprintf("%.0f", math.Exp2(float64(x))-1)
	}
	return fmt.Sprintf("%.3g", x)
}
