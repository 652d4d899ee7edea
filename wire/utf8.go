package wire

import (
	"encoding/binary"
	"unicode/utf8"
)

// textState is how far a text has come in the automaton of well-formed UTF-8:
// six times the number of a state. It is an error from the first byte on after
// which nothing can make the text valid (RFC 6455, section 8.1).
type textState uint8

const (
	textWhole textState = 6 * iota // between runes
	textNeed1                      // any 1 continuation byte
	textNeed2                      // any 2
	textNeed3                      // any 3
	textE0                         // 2, but no overlong form
	textED                         // 2, but no surrogate
	textF0                         // 3, but no overlong form
	textF4                         // 3, but not above U+10FFFF
	textError
)

// textRows has for each byte the states that it leads to: the one that state s
// leads to is in the six bits from bit s on. So a byte costs one shift.
var textRows = func() (rows [256]uint64) {
	for b := range rows {
		for s := textWhole; s <= textError; s += 6 {
			rows[b] |= uint64(s.next(byte(b))) << s
		}
	}
	return rows
}()

// next has the rules of Table 3-7 of the Unicode Standard.
func (s textState) next(b byte) textState {
	continues := b >= 0x80 && b <= 0xBF
	switch {
	case s == textWhole && b < utf8.RuneSelf, s == textNeed1 && continues:
		return textWhole
	case s == textWhole && b >= 0xC2 && b <= 0xDF,
		s == textNeed2 && continues,
		s == textE0 && continues && b >= 0xA0,
		s == textED && continues && b < 0xA0:
		return textNeed1
	case s == textWhole && b == 0xE0:
		return textE0
	case s == textWhole && b == 0xED:
		return textED
	case s == textWhole && b >= 0xE1 && b <= 0xEF,
		s == textNeed3 && continues,
		s == textF0 && continues && b >= 0x90,
		s == textF4 && continues && b < 0x90:
		return textNeed2
	case s == textWhole && b == 0xF0:
		return textF0
	case s == textWhole && b >= 0xF1 && b <= 0xF3:
		return textNeed3
	case s == textWhole && b == 0xF4:
		return textF4
	}
	return textError
}

const highBits = 0x8080808080808080

// after is the state after p.
func (s textState) after(p []byte) textState {
	if len(p) >= textBlocksMin {
		return s.afterBlocks(p)
	}
	return s.walk(p)
}

// afterBlocks is after for textBlocksMin bytes or more. Its frame is not for the
// many that are shorter.
//
//go:noinline
func (s textState) afterBlocks(p []byte) textState {
	for s != textWhole {
		if s == textError {
			return s
		}
		s, p = s.walk(p[:1]), p[1:] // three times at most
	}
	if !textBlocks(p) {
		return textError
	}
	switch end := p[len(p)-3:]; {
	case end[2] >= 0xC0:
		return s.walk(end[2:])
	case end[1] >= 0xE0:
		return s.walk(end[1:])
	case end[0] >= 0xF0:
		return s.walk(end)
	}
	return textWhole
}

// walk is after, a byte at a time where it is not ASCII.
func (s textState) walk(p []byte) textState {
	row := uint64(s)
	for len(p) >= 8 {
		if row&63 == 0 && binary.LittleEndian.Uint64(p)&highBits == 0 {
			p = p[8:]
			for len(p) >= 32 && ascii32((*[32]byte)(p)) {
				p = p[32:]
			}
			continue
		}
		n := 8
		if len(p) >= 32 {
			n = 32
		}
		for q := p[:n]; len(q) >= 8; q = q[8:] {
			row = textRows[q[0]] >> (row & 63)
			row = textRows[q[1]] >> (row & 63)
			row = textRows[q[2]] >> (row & 63)
			row = textRows[q[3]] >> (row & 63)
			row = textRows[q[4]] >> (row & 63)
			row = textRows[q[5]] >> (row & 63)
			row = textRows[q[6]] >> (row & 63)
			row = textRows[q[7]] >> (row & 63)
		}
		p = p[n:]
	}
	for _, b := range p {
		row = textRows[b] >> (row & 63)
	}
	return textState(row & 63)
}

func ascii32(p *[32]byte) bool {
	a := binary.LittleEndian.Uint64(p[:]) | binary.LittleEndian.Uint64(p[8:])
	b := binary.LittleEndian.Uint64(p[16:]) | binary.LittleEndian.Uint64(p[24:])
	return (a|b)&highBits == 0
}

// validText reports whether p is valid UTF-8.
func validText(p []byte) bool { return textWhole.after(p) == textWhole }

// appendRepaired appends p with U+FFFD for what is not valid UTF-8.
func appendRepaired(dst, p []byte) []byte {
	for len(p) > 0 {
		r, n := utf8.DecodeRune(p)
		dst, p = utf8.AppendRune(dst, r), p[n:]
	}
	return dst
}
