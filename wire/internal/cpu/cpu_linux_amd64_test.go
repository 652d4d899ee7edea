//go:build !purego

package cpu

import (
	"os"
	"regexp"
	"testing"
)

// The features that CPUID reports agree with the list of the Linux kernel.
func TestProcessor(t *testing.T) {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		t.Skip("no list of the processor's features: ", err)
	}
	has := func(flag string) bool { return regexp.MustCompile(`(?m)^flags.*\b` + flag + `\b`).Match(info) }
	if want := has("avx2"); HasAVX2 != want {
		t.Errorf("HasAVX2 is %t", !want)
	}
	if want := has("avx512f") && has("avx512bw"); HasAVX512 != want {
		t.Errorf("HasAVX512 is %t", !want)
	}
}
