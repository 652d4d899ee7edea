//go:build !purego

package wire

import "math"

// What the processor has, and the system keeps for each thread: 32 bytes at a
// time with AVX2, and 64 with the parts of AVX-512 that textAVX512 uses.
var hasAVX2, hasAVX512 = func() (avx2, avx512 bool) {
	const (
		bitAVX2 = 1 << 5
		avx512F = 1<<16 | 1<<30 // Foundation; Byte and Word

		ymm = 1<<1 | 1<<2
		zmm = ymm | 1<<5 | 1<<6 | 1<<7
	)
	leaf7, xcr0 := cpuFeatures()
	return leaf7&bitAVX2 != 0 && xcr0&ymm == ymm, leaf7&avx512F == avx512F && xcr0&zmm == zmm
}()

// textBlocksMin is the least that textBlocks is used for: what it is worth a
// call for, and three bytes more than it needs.
var textBlocksMin = func() int {
	if hasAVX2 {
		return 40
	}
	return math.MaxInt
}()

// wideTextMin is the least that is worth 64 bytes at a time; 67 is what that needs.
var wideTextMin = 256

// textBlocks reports whether p, which begins with a rune and has 35 bytes or
// more, breaks no rule that two bytes in it can break. It does not ask whether
// the rune at the end is complete or its lead, if that is the last byte, is one.
//
// It works by the method of Keiser and Lemire ("Validating UTF-8 in less than
// one instruction per byte", 2021).
func textBlocks(p []byte) bool {
	if hasAVX512 && len(p) >= wideTextMin {
		return textAVX512(p, &textRules)
	}
	return textAVX2(p, &textRules)
}

//go:noescape
func textAVX2(p []byte, rules *[3][16]uint8) bool

//go:noescape
func textAVX512(p []byte, rules *[3][16]uint8) bool

func cpuFeatures() (leaf7, xcr0 uint32)

// textRules are those of well-formed UTF-8, as far as two bytes in a row show
// that they are broken. Bit i of the first row is rule i's, by the upper four
// bits of a byte; of the second row, by its lower four bits; of the third row,
// by the upper four bits of the byte after it. Where all three are set, rules 0
// to 6 are broken. Rule 7 finds a continuation after a continuation: a rune's
// third and fourth bytes must be that, and nothing else may be.
var textRules = func() (rows [3][16]uint8) {
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
