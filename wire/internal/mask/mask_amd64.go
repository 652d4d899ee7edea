//go:build !purego

package mask

import "github.com/airsocket/airsocket/wire/internal/cpu"

// blocksMin is the smallest number of bytes for which xorBlocks is worth the call.
const blocksMin = 48

// wideMin is the smallest number of bytes for which AVX2 is faster than SSE2.
const wideMin = 1 << 10

// xorBlocks is XOR for slices whose length is a positive multiple of 16.
func xorBlocks(dst, src []byte, key uint32) {
	if cpu.HasAVX2 && len(dst) >= wideMin {
		wide := len(dst) &^ 127
		xorAVX2(&dst[0], &src[0], wide, key)
		if wide == len(dst) {
			return
		}
		dst, src = dst[wide:], src[wide:]
	}
	xorSSE2(&dst[0], &src[0], len(dst), key)
}

//go:noescape
func xorSSE2(dst, src *byte, n int, key uint32)

//go:noescape
func xorAVX2(dst, src *byte, n int, key uint32)
