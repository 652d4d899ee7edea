//go:build !purego

package wire

// xorBlocksMin is the least that xorBlocks is worth a call for.
const xorBlocksMin = 48

// xorWideMin is the least that is worth 128 bytes at a time with AVX2.
const xorWideMin = 1 << 10

// xorBlocks is xorWords with the SSE2 that every amd64 has, or with AVX2.
func xorBlocks(dst, src []byte, key uint32) {
	if hasAVX2 && len(dst) >= xorWideMin {
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
