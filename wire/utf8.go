package wire

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// validText reports whether p is valid UTF-8 (RFC 6455, section 8.1).
func validText(p []byte) bool { return validPrefix(p) == len(p) }

const highBits = 0x8080808080808080

// validPrefix is the length of a valid beginning of p. What follows it, if
// anything, is invalid or an unfinished rune.
func validPrefix(p []byte) int {
	q := p
	for len(q) >= 8 {
		w := binary.LittleEndian.Uint64(q)
		if high := w & highBits; high == 0 {
			q = q[8:]
			for len(q) >= 32 && ascii32((*[32]byte)(q)) {
				q = q[32:]
			}
		} else if high&0x80 == 0 {
			q = q[bits.TrailingZeros64(high)/8:]
		} else if n := validRunes(w); n > 0 {
			q = q[n:]
		} else {
			return len(p) - len(q)
		}
	}
	for len(q) > 0 {
		r, n := utf8.DecodeRune(q)
		if r == utf8.RuneError && n == 1 {
			break
		}
		q = q[n:]
	}
	return len(p) - len(q)
}

func ascii32(p *[32]byte) bool {
	a := binary.LittleEndian.Uint64(p[:]) | binary.LittleEndian.Uint64(p[8:])
	b := binary.LittleEndian.Uint64(p[16:]) | binary.LittleEndian.Uint64(p[24:])
	return (a|b)&highBits == 0
}

// validRunes is the length of the valid runes of one size that the bytes of w,
// from the lowest on, begin with. The first byte is not ASCII. Which bytes may
// follow which is Table 3-7 of the Unicode Standard.
func validRunes(w uint64) int {
	const (
		two, twoMask     = 0x80C080C080C080C0, 0xC0E0C0E0C0E0C0E0
		three, threeMask = 0x8080E0, 0xC0C0F0
		four, fourMask   = 0x808080F0, 0xC0C0C0F8
	)
	switch {
	case w&threeMask == three:
		if x := w & 0x200F; x == 0 || x == 0x200D { // overlong, surrogate
			return 0
		}
		if w >>= 24; w&threeMask != three || w&0x200F == 0 || w&0x200F == 0x200D {
			return 3
		}
		return 6
	case w&0xC0E0 == 0x80C0:
		if w&0x1E == 0 { // overlong
			return 0
		}
		// A lane of 16 bits carries into its bit 8 unless its rune is overlong.
		const lanes = 0x0001000100010001
		if w&twoMask == two && (w&(0x1E*lanes)+0xFE*lanes)&(0x100*lanes) == 0x100*lanes {
			return 8
		}
		return 2
	case w&fourMask == four:
		x := w & 0x3007
		if x == 0 || x&7 > 4 || x&7 == 4 && x != 4 { // overlong, above U+10FFFF
			return 0
		}
		return 4
	}
	return 0
}

// carry is the beginning of a rune whose rest is in the next piece of a text.
type carry struct {
	b [utf8.UTFMax - 1]byte
	n uint8
}

// add reports whether the text can still become valid after the next piece of it.
func (c *carry) add(p []byte) bool {
	for c.n > 0 && len(p) > 0 {
		var r [utf8.UTFMax]byte
		n := copy(r[:], c.b[:c.n])
		r[n] = p[0]
		p = p[1:]
		if !utf8.FullRune(r[:n+1]) {
			c.n = uint8(copy(c.b[:], r[:n+1]))
			continue
		}
		if _, size := utf8.DecodeRune(r[:n+1]); size == 1 {
			return false
		}
		c.n = 0
	}
	p = p[validPrefix(p):]
	if len(p) == 0 {
		return true
	}
	if utf8.FullRune(p) {
		return false
	}
	c.n = uint8(copy(c.b[:], p))
	return true
}

// appendRepaired appends p with U+FFFD for what is not valid UTF-8.
func appendRepaired(dst, p []byte) []byte {
	for len(p) > 0 {
		n := validPrefix(p)
		dst, p = append(dst, p[:n]...), p[n:]
		if len(p) > 0 {
			dst, p = utf8.AppendRune(dst, utf8.RuneError), p[1:]
		}
	}
	return dst
}
