//go:build !amd64 || purego

package wire

const xorBlockMin = 64

func xorBlocks(dst, src []byte, key uint32) { xorWords(dst, src, key) }
