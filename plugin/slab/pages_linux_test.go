package slab

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"unsafe"
)

// The system is asked for large pages where it leaves that to who asks.
func TestMemoryAsksForLargePages(t *testing.T) {
	mode, err := os.ReadFile("/sys/kernel/mm/transparent_hugepage/enabled")
	if err != nil || strings.Contains(string(mode), "[never]") {
		t.Skip("this system has none")
	}
	values := Make[byte](new(Memory), block)
	at := uintptr(unsafe.Pointer(&values[block/2]))
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Skip(err)
	}
	within := false
	for line := range strings.Lines(string(maps)) {
		var from, to uintptr
		if n, _ := fmt.Sscanf(line, "%x-%x ", &from, &to); n == 2 {
			within = from <= at && at < to
		}
		if flags, ok := strings.CutPrefix(line, "VmFlags:"); ok && within {
			if !strings.Contains(flags, " hg") {
				t.Errorf("the memory has the flags%s, want hg among them", flags)
			}
			return
		}
	}
	t.Skip("the system does not show it")
}
