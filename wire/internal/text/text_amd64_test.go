//go:build !purego

package text

import (
	"fmt"
	"testing"
	"unicode/utf8"

	"github.com/airsocket/airsocket/wire/internal/cpu"
)

// eachWidth runs a test with each kernel that this processor supports: with the usual
// limits, with 32 bytes at a time only, and with 64 bytes at a time where possible.
func eachWidth(t *testing.T, test func(*testing.T)) {
	was := wideMin
	defer func() { wideMin = was }()
	for _, w := range []struct {
		name string
		min  int
	}{{"asIs", was}, {"32", 1 << 30}, {"64", 67}} {
		if wideMin = w.min; w.min != was && !cpu.HasAVX512 {
			continue // it would repeat the first run
		}
		t.Run(w.name, test)
	}
}

// BenchmarkWidths compares the kernels with the table in Go and with unicode/utf8. It
// measures the figures at the head of text_amd64.s.
func BenchmarkWidths(b *testing.B) {
	ways := []struct {
		name  string
		valid func(p []byte) bool
	}{
		{"go", func(p []byte) bool { return Whole.walk(p) == Whole }},
		{"unicode", utf8.Valid},
		{"avx2", func(p []byte) bool { return checkAVX2(p, &pairRules) }},
		{"avx512", func(p []byte) bool { return checkAVX512(p, &pairRules) }},
	}
	for _, t := range benchTexts {
		for _, n := range []int{45, 125, 1 << 10, 16 << 10} {
			p := benchText(t.unit, n)
			for _, way := range ways {
				if way.name == "avx2" && !cpu.HasAVX2 || way.name == "avx512" && (!cpu.HasAVX512 || n < 67) {
					continue
				}
				b.Run(fmt.Sprintf("%s/%d/%s", t.name, n, way.name), func(b *testing.B) {
					b.SetBytes(int64(len(p)))
					for b.Loop() {
						if !way.valid(p) {
							b.Fatal("not valid")
						}
					}
				})
			}
		}
	}
}
