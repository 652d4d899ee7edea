//go:build !amd64 || purego

package wire

// textBlocksMin is the least that textBlocks is worth a call for.
const textBlocksMin = 64

func textBlocks(p []byte) bool { return textWhole.walk(p) != textError }
