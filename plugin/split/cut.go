package split

import (
	"bytes"
	"hash/maphash"
	"sync/atomic"
	"unsafe"

	"golang.org/x/net/publicsuffix"
)

// noSLD is the cut of a name that has no SLD; no cut is as large.
const noSLD = 0xff

// cuts remembers where the SLD of a name begins: most names come again, and to
// look one up in the list costs 150 ns and an allocation, to find it here 15 ns
// and none. An entry is the upper 56 bits of the name's keyed hash, and the cut.
// A name that shares a place with another one takes it, nothing worse.
var cuts [1 << cutBits]atomic.Uint64

const cutBits = 15 // 256 KiB

var cutSeed = maphash.MakeSeed()

// cutOf returns where the SLD of a name begins, or noSLD. The name is in
// canonical form.
func cutOf(name []byte) int {
	hash := maphash.Bytes(cutSeed, name)
	entry := &cuts[hash>>(64-cutBits)]
	if known := entry.Load(); known>>8 == hash>>8 && known != 0 {
		return int(known & 0xff)
	}
	cut := lookUp(name)
	entry.Store(hash&^0xff | uint64(cut))
	return cut
}

// lookUp is cutOf by the Public Suffix List.
func lookUp(name []byte) int {
	suffix, _ := publicsuffix.PublicSuffix(unsafe.String(&name[0], len(name)))
	end := len(name) - len(suffix) - 1 // the separator before the suffix
	if end <= 0 {
		return noSLD
	}
	cut := bytes.LastIndexByte(name[:end], '.') + 1
	if cut == end {
		return noSLD
	}
	return cut
}
