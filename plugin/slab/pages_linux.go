package slab

import "golang.org/x/sys/unix"

// onLargePages asks for large pages where there is a choice (transparent huge pages,
// madvise). Without them everything works as well, only slower.
func onLargePages(b []byte) { _ = unix.Madvise(b, unix.MADV_HUGEPAGE) }
