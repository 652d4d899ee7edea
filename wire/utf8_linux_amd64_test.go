//go:build !purego

package wire

import (
	"os"
	"regexp"
	"testing"
)

// What CPUID says agrees with what the kernel says.
func TestProcessor(t *testing.T) {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		t.Skip("no list of the processor's features: ", err)
	}
	has := func(flag string) bool { return regexp.MustCompile(`(?m)^flags.*\b` + flag + `\b`).Match(info) }
	if want := has("avx2"); hasAVX2 != want {
		t.Errorf("hasAVX2 is %t", !want)
	}
	if want := has("avx512f") && has("avx512bw"); hasAVX512 != want {
		t.Errorf("hasAVX512 is %t", !want)
	}
}
