// Package feature turns what a window has summed up into the 20 numbers that
// the forest judges. It is the only extractor: training rows are written with
// the code that serves.
//
// What a name says is what is new in it. An event is a prefix of the pair within
// 10 s (twins, retransmissions and 0x20 variants fold into one). Of a prefix that was
// paid for before (plugin/meter) nothing is new, and of any other what is left without
// the labels that the pair asked for lately and without what the others have in
// common, at their beginning and end, with the label at the same place of the new
// prefix before: an id that never changes says nothing, wherever it stands.
package feature
