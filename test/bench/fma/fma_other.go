//go:build !amd64

// Package fma finds out how fast a core can multiply and add, as a measure for
// the autoencoder's kernel. This build has no such kernel.
package fma

// PerRound is how many products of eight floats Multiply makes a round.
const PerRound = 12

// Multiply makes them and reports whether this processor can.
func Multiply(int) bool { return false }
