//go:build !purego

package text

import (
	"math"

	"github.com/airsocket/airsocket/wire/internal/cpu"
)

// blocksMin is the smallest number of bytes for which blocks is worth the call. It is
// at least three more than blocks needs, as afterBlocks may consume three bytes first.
var blocksMin = func() int {
	if cpu.HasAVX2 {
		return 40
	}
	return math.MaxInt
}()

// wideMin is the smallest number of bytes for which AVX-512 is faster than AVX2. It
// must be at least 67, as checkAVX512 reads the 3 bytes before the last 64, too.
var wideMin = 256

// blocks reports whether p is valid UTF-8, except that it does not check whether the
// rune at the end is complete, nor whether the last byte can be a lead byte. p must
// begin at the start of a rune and have at least 35 bytes.
//
// It implements the method of Keiser and Lemire ("Validating UTF-8 in less than one
// instruction per byte", 2021).
func blocks(p []byte) bool {
	if cpu.HasAVX512 && len(p) >= wideMin {
		return checkAVX512(p, &pairRules)
	}
	return checkAVX2(p, &pairRules)
}

//go:noescape
func checkAVX2(p []byte, rules *[3][16]uint8) bool

//go:noescape
func checkAVX512(p []byte, rules *[3][16]uint8) bool

// pairRules holds the rules of well-formed UTF-8 that two consecutive bytes can break.
// Each rule has one bit in all three rows. The first row is indexed by the upper four
// bits of the first byte, the second row by its lower four bits, and the third row by
// the upper four bits of the second byte. A pair of bytes matches a rule if the rule's
// bit is set in all three. A pair that matches one of the rules 0 to 6 is invalid. Rule
// 7 matches a continuation after a continuation, which is valid exactly where the
// second one is the third or fourth byte of a rune.
var pairRules = func() (rows [3][16]uint8) {
	const ( // sets of values of four bits
		any          = 0xFFFF
		ascii        = 0x00FF
		continuation = 0x0F00
		lead         = 0xF000
	)
	for i, rule := range [8][3]uint16{
		{lead, any, ascii | lead},                  // a lead without a continuation
		{ascii, any, continuation},                 // a continuation without a lead
		{1 << 0xC, 1<<0 | 1<<1, continuation},      // C0 and C1: overlong
		{1 << 0xE, 1 << 0, 1<<8 | 1<<9},            // E0 80 to E0 9F: overlong
		{1 << 0xE, 1 << 0xD, 1<<0xA | 1<<0xB},      // ED A0 to ED BF: surrogates
		{1 << 0xF, 1<<0 | 0xFFE0, 1 << 8},          // F0 80 to F0 8F: overlong; F5 and above: no lead
		{1 << 0xF, 0xFFF0, 1<<9 | 1<<0xA | 1<<0xB}, // F4 90 to F4 BF: above U+10FFFF; F5 and above
		{continuation, any, continuation},
	} {
		for row, set := range rule {
			for v := range 16 {
				rows[row][v] |= uint8(set>>v&1) << i
			}
		}
	}
	return rows
}()
