//go:build !amd64 || purego

package text

// blocksMin is the smallest number of bytes for which After uses blocks.
const blocksMin = 40

func blocks(p []byte) bool { return Whole.walk(p) != Invalid }
