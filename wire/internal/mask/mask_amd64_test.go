//go:build !purego

package mask

import (
	"fmt"
	"testing"

	"github.com/airsocket/airsocket/wire/internal/cpu"
)

// BenchmarkBlocks compares the kernels with the loop in Go. It measures the figures at
// the head of mask_amd64.s. 112 bytes are the whole blocks of a payload of 125 bytes.
func BenchmarkBlocks(b *testing.B) {
	ways := []struct {
		name string
		xor  func(p []byte)
	}{
		{"go", func(p []byte) { xorWords(p, p, 0x3D21FA37) }},
		{"sse2", func(p []byte) { xorSSE2(&p[0], &p[0], len(p), 0x3D21FA37) }},
		{"avx2", func(p []byte) { xorAVX2(&p[0], &p[0], len(p), 0x3D21FA37) }},
	}
	for _, n := range []int{16, 48, 112, 128, 1 << 10, 16 << 10} {
		for _, way := range ways {
			if way.name == "avx2" && (!cpu.HasAVX2 || n%128 != 0) {
				continue
			}
			b.Run(fmt.Sprintf("%d/%s", n, way.name), func(b *testing.B) {
				p := make([]byte, n+6)[6:] // aligned like a payload after a short header
				b.SetBytes(int64(n))
				for b.Loop() {
					way.xor(p)
				}
			})
		}
	}
}
