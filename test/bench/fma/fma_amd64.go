// Package fma finds out how fast a core can multiply and add, as a measure for
// the autoencoder's kernel.
package fma

import "golang.org/x/sys/cpu"

// PerRound is how many products of eight floats Multiply makes a round.
const PerRound = 12

// Multiply makes them and reports whether this processor can.
func Multiply(rounds int) bool {
	if !cpu.X86.HasAVX2 || !cpu.X86.HasFMA || rounds < 1 {
		return false
	}
	multiplyAVX2(rounds)
	return true
}

//go:noescape
func multiplyAVX2(rounds int)
