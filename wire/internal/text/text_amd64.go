//go:build !purego

package text

import (
	"math"

	"github.com/airsocket/airsocket/wire/internal/cpu"
)

// blocksMin is the fewest bytes for which blocks is worth the call. It is at
// least three more than blocks needs, as those may be used up before.
var blocksMin = func() int {
	if cpu.HasAVX2 {
		return 40
	}
	return math.MaxInt
}()

// wideMin is the fewest bytes for which AVX-512 is faster than AVX2. It may not
// be less than 67, as checkAVX512 looks at 3 bytes before the last 64.
var wideMin = 256

// blocks reports whether p, which begins with a rune and has 35 bytes or more,
// breaks no rule that two bytes in a row can break. It does not check whether the
// rune at the end is complete, nor whether a last byte that should be a lead is one.
//
// It works by the method of Keiser and Lemire ("Validating UTF-8 in less than
// one instruction per byte", 2021).
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

// pairRules are the rules of well-formed UTF-8 that two bytes in a row can break. Bit i of the first row is rule i's, by the upper four
// bits of a byte; of the second row, by its lower four bits; of the third row,
// by the upper four bits of the byte after it. Where all three are set, rules 0
// to 6 are broken. Rule 7 finds a continuation after a continuation: a rune's
// third and fourth bytes must be that, and nothing else may be.
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
