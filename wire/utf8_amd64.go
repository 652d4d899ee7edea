//go:build !purego

package wire

import "math"

// textBlocksMin is the least that textBlocks is worth a call for.
var textBlocksMin = func() int {
	if hasAVX2() {
		return 64
	}
	return math.MaxInt
}()

// textBlocks reports whether p, 35 bytes or more that begin with a rune, has no
// error that is certain before its last byte.
func textBlocks(p []byte) bool { return textAVX2(&p[0], len(p)) }

//go:noescape
func textAVX2(p *byte, n int) bool

func hasAVX2() bool

// textRules are the rules of well-formed UTF-8 that two bytes can break, for
// the method of Keiser and Lemire ("Validating UTF-8 in less than one
// instruction per byte", 2021). Bit i of the first row is for rule i, at the
// upper four bits of a byte; of the second row, at its lower four bits; of the
// third row, at the upper four bits of the byte after it. A rule speaks of the
// two bytes if all three bits are set.
//
// Rules 0 to 6 are of what may not be. Rule 7 is of a continuation byte after
// another: it must be where a rune has its third or fourth byte, and only there.
var textRules = func() (rows [3][16]uint8) {
	const (
		any          = 0xFFFF // sets of four bits' values
		ascii        = 0x00FF
		continuation = 0x0F00
		lead         = 0xF000
	)
	for i, rule := range [8][3]uint16{
		{lead, any, ascii | lead},                  // a lead byte and no continuation
		{ascii, any, continuation},                 // a continuation of nothing
		{1 << 0xC, 1<<0 | 1<<1, continuation},      // overlong: C0, C1
		{1 << 0xE, 1 << 0, 1<<8 | 1<<9},            // overlong: E0 80 to E0 9F
		{1 << 0xE, 1 << 0xD, 1<<0xA | 1<<0xB},      // surrogates: ED A0 to ED BF
		{1 << 0xF, 1<<0 | 0xFFE0, 1 << 8},          // overlong: F0 80 to F0 8F; F5 and above
		{1 << 0xF, 0xFFF0, 1<<9 | 1<<0xA | 1<<0xB}, // above U+10FFFF: F4 90 and above
		{continuation, any, continuation},          // see above
	} {
		for row, set := range rule {
			for v := range 16 {
				rows[row][v] |= uint8(set>>v&1) << i
			}
		}
	}
	return rows
}()
