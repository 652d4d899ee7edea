package wire

import (
	"encoding/binary"
	"math"
)

// Most messages are one small frame of RFC 6455 that arrives as a whole and
// that no extension works on. This file is the short way for those, without
// calls through framing; everything else, and whatever breaks a rule of the
// header, goes the long way.

// quickLimit is the longest payload that goes the short way, or -1 if none does.
func quickLimit(cfg *Config, f framing) int32 {
	if _, ok := f.(rfc6455); !ok || len(cfg.Extensions) > 0 {
		return -1
	}
	return math.MaxUint16
}

// quickNext is Next for a small message, and None if there is none.
func (d *Decoder) quickNext() Event {
	p := d.in
	if len(p) < 8 || d.quick < 0 || d.kind != None || d.stage != inHeader || d.nheld > 0 {
		return Event{}
	}
	op := Kind(p[0] & 0x7F)
	if p[0] < 0x80 || op-Text > Binary-Text {
		return Event{}
	}
	head, n := 2, int(p[1]^d.maskBit) // above 127 if the mask is not as it must be
	if n == 126 {
		if n = int(binary.BigEndian.Uint16(p[2:])); n < 126 {
			return Event{}
		}
		head = 4
	} else if n > 126 {
		return Event{}
	}
	key := uint32(0)
	if d.maskBit != 0 {
		key = binary.LittleEndian.Uint32(p[head : head+4 : len(p)])
		head += 4
	}
	if n > int(d.quick) || len(p)-head < n {
		return Event{}
	}
	view := p[head : head+n : head+n]
	xor(view, view, key)
	d.in = p[head+n:]
	if op == Text && !validText(view) {
		return d.fail(ErrInvalidUTF8)
	}
	return Event{Kind: op, Data: view}
}
