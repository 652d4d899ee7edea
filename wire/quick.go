package wire

import (
	"encoding/binary"
	"math"

	"github.com/airsocket/airsocket/wire/internal/mask"
	"github.com/airsocket/airsocket/wire/internal/text"
)

// Most messages are one small frame of RFC 6455 that arrives as a whole and
// that no extension works on. This file is the short way for those, without
// calls through framing; everything else, and whatever breaks a rule of the
// header, goes the long way.

// quickLimit is the longest payload that goes the short way, or -1 if none does.
func quickLimit(cfg *Config, f framing, limits ...int) int32 {
	if _, ok := f.(rfc6455); !ok || len(cfg.Extensions) > 0 {
		return -1
	}
	limit := math.MaxUint16
	for _, n := range limits {
		if n > 0 {
			limit = min(limit, n)
		}
	}
	return int32(limit)
}

// NextMessage is Next where what comes next is a small message that has arrived
// as a whole: its kind and its payload. It is the way that costs least. Otherwise,
// and for what breaks a rule, it returns None, and Next says what there is.
func (d *Decoder) NextMessage() (Kind, []byte) {
	op, p := d.quickNext()
	if op == Text && !text.Valid(p) {
		d.invalid = true
		return None, nil
	}
	return op, p
}

// quickNext takes a small message from the input: its kind and its payload,
// without the mask and not checked yet. It returns None if there is none.
func (d *Decoder) quickNext() (Kind, []byte) {
	p := d.in
	if len(p) < 8 || d.quick < 0 || d.kind != None || d.stage != inHeader || d.nheld > 0 {
		return None, nil
	}
	op := Kind(p[0] & 0x7F)
	if p[0] < 0x80 || op-Text > Binary-Text {
		return None, nil
	}
	head, n := 2, int(p[1]^d.maskBit) // above 127 if the mask is not as it must be
	if n == 126 {
		if n = int(binary.BigEndian.Uint16(p[2:])); n < 126 {
			return None, nil
		}
		head = 4
	} else if n > 126 {
		return None, nil
	}
	key := uint32(0)
	if d.maskBit != 0 {
		key = binary.LittleEndian.Uint32(p[head : head+4 : len(p)])
		head += 4
	}
	if n > int(d.quick) || len(p)-head < n {
		return None, nil
	}
	d.in = p[head+n:]
	p = p[head : head+n : head+n]
	if key != 0 {
		mask.InPlace(p, key)
	}
	return op, p
}

// AppendMessage is Append for a whole text or binary message. It is the way that
// costs least, in time and in stack.
func (e *Encoder) AppendMessage(dst []byte, kind Kind, p []byte) ([]byte, error) {
	switch {
	case kind-Text > Binary-Text || e.closeSent || len(p) > int(e.quick):
		return e.appendLong(dst, Event{Kind: kind, Data: p})
	case kind == Text && !text.Valid(p):
		return dst, ErrBadText
	case e.cfg.Role == Client:
		return e.quickMasked(dst, kind, p), nil
	case len(p) < 126:
		dst = append(dst, 0x80|byte(kind), byte(len(p)))
	default:
		dst = append(dst, 0x80|byte(kind), 126, byte(len(p)>>8), byte(len(p)))
	}
	return append(dst, p...), nil
}

//go:noinline
func (e *Encoder) quickMasked(dst []byte, kind Kind, p []byte) []byte {
	dst, key := rfc6455{}.appendHead(dst, Client, frame{op: kind, fin: true, left: uint64(len(p)), key: e.maskKey()})
	return mask.Append(dst, p, key)
}
