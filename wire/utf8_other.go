//go:build !amd64 || purego

package wire

// textBlocksMin is the least that textBlocks is used for.
const textBlocksMin = 40

func textBlocks(p []byte) bool { return textWhole.walk(p) != textError }
