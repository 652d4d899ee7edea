//go:build !purego

package wire

const xorBlockMin = 64

// xorBlocks is xorWords with the SSE2 that every amd64 has.
//
//go:noescape
func xorBlocks(dst, src []byte, key uint32)
