// Package text checks that text is valid UTF-8, as a whole or as it arrives, and repairs
// invalid text.
package text

import (
	"encoding/binary"
	"unicode/utf8"
)

// A State is the state of an automaton for well-formed UTF-8 after the bytes seen so
// far. It becomes Invalid with the first byte after which no continuation makes the
// text valid (RFC 6455, section 8.1). Every text begins in the zero value, Whole, and
// every valid text ends in it.
type State uint8 // six times the number of the state: a shift in transitions

const (
	Whole   State = 6 * iota // between two runes
	need1                    // any 1 continuation byte must follow
	need2                    // any 2
	need3                    // any 3
	leadE0                   // 2, but not an overlong form
	leadED                   // 2, but not a surrogate
	leadF0                   // 3, but not an overlong form
	leadF4                   // 3, but not above U+10FFFF
	Invalid                  // nothing can make the text valid
)

// transitions holds, for each byte, the next states for all states: the next state
// after s is in the six bits from bit s on, so that a byte costs one shift.
var transitions = func() (rows [256]uint64) {
	for b := range rows {
		for s := Whole; s <= Invalid; s += 6 {
			rows[b] |= uint64(s.next(byte(b))) << s
		}
	}
	return rows
}()

// next returns the state after b, according to Table 3-7 of the Unicode Standard.
func (s State) next(b byte) State {
	continues := b >= 0x80 && b <= 0xBF
	switch {
	case s == Whole && b < utf8.RuneSelf, s == need1 && continues:
		return Whole
	case s == Whole && b >= 0xC2 && b <= 0xDF,
		s == need2 && continues,
		s == leadE0 && continues && b >= 0xA0,
		s == leadED && continues && b < 0xA0:
		return need1
	case s == Whole && b == 0xE0:
		return leadE0
	case s == Whole && b == 0xED:
		return leadED
	case s == Whole && b >= 0xE1 && b <= 0xEF,
		s == need3 && continues,
		s == leadF0 && continues && b >= 0x90,
		s == leadF4 && continues && b < 0x90:
		return need2
	case s == Whole && b == 0xF0:
		return leadF0
	case s == Whole && b >= 0xF1 && b <= 0xF3:
		return need3
	case s == Whole && b == 0xF4:
		return leadF4
	}
	return Invalid
}

const highBits = 0x8080808080808080

// After returns the state after p, which follows the text that led to s.
func (s State) After(p []byte) State {
	if len(p) >= blocksMin {
		return s.afterBlocks(p)
	}
	return s.walk(p)
}

// afterBlocks is After for blocksMin bytes or more. It is not inlined so that shorter
// texts, which are common, need no stack for it.
//
//go:noinline
func (s State) afterBlocks(p []byte) State {
	for s != Whole {
		if s == Invalid {
			return s
		}
		s, p = s.walk(p[:1]), p[1:] // at most three times
	}
	if !blocks(p) {
		return Invalid
	}
	switch end := p[len(p)-3:]; {
	case end[2] >= 0xC0:
		return s.walk(end[2:])
	case end[1] >= 0xE0:
		return s.walk(end[1:])
	case end[0] >= 0xF0:
		return s.walk(end)
	}
	return Whole
}

// walk is After in pure Go. It reads ASCII in blocks and other text byte by byte.
func (s State) walk(p []byte) State {
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
			row = transitions[q[0]] >> (row & 63)
			row = transitions[q[1]] >> (row & 63)
			row = transitions[q[2]] >> (row & 63)
			row = transitions[q[3]] >> (row & 63)
			row = transitions[q[4]] >> (row & 63)
			row = transitions[q[5]] >> (row & 63)
			row = transitions[q[6]] >> (row & 63)
			row = transitions[q[7]] >> (row & 63)
		}
		p = p[n:]
	}
	for _, b := range p {
		row = transitions[b] >> (row & 63)
	}
	return State(row & 63)
}

func ascii32(p *[32]byte) bool {
	a := binary.LittleEndian.Uint64(p[:]) | binary.LittleEndian.Uint64(p[8:])
	b := binary.LittleEndian.Uint64(p[16:]) | binary.LittleEndian.Uint64(p[24:])
	return (a|b)&highBits == 0
}

// Valid reports whether p is valid UTF-8, as utf8.Valid does.
func Valid(p []byte) bool { return Whole.After(p) == Whole }

// RepairedLen returns how many bytes AppendRepaired appends.
func RepairedLen(p []byte) (n int) {
	for len(p) > 0 {
		r, size := utf8.DecodeRune(p)
		n, p = n+utf8.RuneLen(r), p[size:]
	}
	return n
}

// AppendRepaired appends p to dst, with U+FFFD in place of each byte that is not
// part of valid UTF-8.
func AppendRepaired(dst, p []byte) []byte {
	for len(p) > 0 {
		r, n := utf8.DecodeRune(p)
		dst, p = utf8.AppendRune(dst, r), p[n:]
	}
	return dst
}
