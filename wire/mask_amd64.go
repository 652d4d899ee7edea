//go:build !purego

package wire

// xorBlocksMin is the least that xorBlocks is worth a call for.
const xorBlocksMin = 48

// xorBlocks is xorWords with the SSE2 that every amd64 has.
func xorBlocks(dst, src []byte, key uint32) {
	xorSSE2(&dst[0], &src[0], len(dst), key)
}

//go:noescape
func xorSSE2(dst, src *byte, n int, key uint32)
