//go:build !amd64 || purego

package mask

// blocksMin is the smallest number of bytes for which xorBlocks is worth the call.
const blocksMin = 48

func xorBlocks(dst, src []byte, key uint32) { xorWords(dst, src, key) }
