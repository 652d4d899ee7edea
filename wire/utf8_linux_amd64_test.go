//go:build !purego

package wire

import (
	"os"
	"regexp"
	"testing"
)

// What CPUID says agrees with what the kernel says.
func TestHasAVX2(t *testing.T) {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		t.Skip(err)
	}
	if want := regexp.MustCompile(`(?m)^flags.*\bavx2\b`).Match(info); hasAVX2() != want {
		t.Errorf("hasAVX2() = %t", !want)
	}
}
