//go:build !amd64 || purego

package wire

// xorBlocksMin is the least that xorBlocks is worth a call for.
const xorBlocksMin = 48

func xorBlocks(dst, src []byte, key uint32) { xorWords(dst, src, key) }
