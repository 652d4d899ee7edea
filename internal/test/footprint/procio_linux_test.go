//go:build 386 || s390x || race || msan || asan

package footprint

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

const countsReads = true

// systemCalls returns how often the process has called read and write, as
// counted by the system. The client of the test uses other system calls.
func systemCalls(t *testing.T, _ int) (reads, writes int) {
	b, err := os.ReadFile("/proc/self/io")
	if err != nil {
		t.Skip("system calls cannot be counted here: ", err)
	}
	for line := range strings.Lines(string(b)) {
		fmt.Sscanf(line, "syscr: %d", &reads)
		fmt.Sscanf(line, "syscw: %d", &writes)
	}
	return reads, writes
}
