package wire

import (
	"encoding/binary"
	"math"

	"github.com/airsocket/airsocket/wire/internal/mask"
	"github.com/airsocket/airsocket/wire/internal/text"
)

// The fast path handles the most common kind of message: one short frame of RFC 6455
// that arrives as a whole, without extensions. It also handles pings and pongs, and the
// short fragments in the middle of a message, because there may be very many of them. It
// does not call methods of framing. Everything else, and every header that breaks a rule,
// takes the slow path in decoder.go and encoder.go.
//
// Both paths give the same results: the same events for the same input, and the same
// bytes and errors for the same events. FuzzFastPath in fastpath_test.go compares
// them. When a rule changes in the slow path, change it here, too, or make the fast
// path leave the case to the slow path.

// fastPathLimit returns the length of the longest payload that takes the fast path, or
// -1 if none does.
func fastPathLimit(cfg *Config, f framing, limits ...int) int32 {
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

// NextMessage is the fast path of [Decoder.Next]. If the next event is a short message
// that has arrived as a whole, it returns the message's kind and payload. If not, it
// returns None; call Next then. The payload points into what was fed.
func (d *Decoder) NextMessage() (Kind, []byte) {
	op, p := d.nextUnchecked()
	if op == Text && !text.Valid(p) {
		d.invalid = true
		return None, nil
	}
	return op, p
}

// nextUnchecked consumes a short message and returns its kind and its unmasked payload,
// which is not checked for UTF-8. It returns None if the next frame is something else.
func (d *Decoder) nextUnchecked() (Kind, []byte) {
	p := d.in
	if len(p) < 8 || d.fastLimit < 0 || d.kind != None || d.stage != inHeader || d.nheld > 0 {
		return None, nil
	}
	op := Kind(p[0] & 0x7F)
	if p[0] < 0x80 || op-Text > Binary-Text {
		return None, nil
	}
	head, n := 2, int(p[1]^d.maskBit) // above 127 if the MASK bit is wrong
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
	if n > int(d.fastLimit) || len(p)-head < n {
		return None, nil
	}
	d.in = p[head+n:]
	p = p[head : head+n : head+n]
	if key != 0 {
		mask.InPlace(p, key)
	}
	return op, p
}

// nextControl consumes a ping or pong that has arrived as a whole, and sets *ev to its
// event. It returns false if the next frame is something else. step calls it while there
// is no slowState, so that a connection that has nothing but short messages, pings and
// pongs never gets one.
//
//go:noinline
func (d *Decoder) nextControl(ev *Event) bool {
	p := d.in
	if len(p) < 2 || p[0] != 0x80|byte(Ping) && p[0] != 0x80|byte(Pong) || d.stage != inHeader {
		return false
	}
	if _, ok := d.framing().(rfc6455); !ok {
		return false
	}
	head, n := 2, int(p[1]^d.maskBit) // above 127 if the MASK bit is wrong
	if d.maskBit != 0 {
		head += 4
	}
	if n > maxControl || len(p) < head+n {
		return false
	}
	ev.Kind, ev.Data = Kind(p[0]&0x0F), p[head:head+n:head+n]
	d.in = p[head+n:]
	if d.maskBit != 0 {
		mask.InPlace(ev.Data, binary.LittleEndian.Uint32(p[2:]))
	}
	return true
}

// appendFragments consumes the short fragments that come next in an unfinished message,
// each of which has arrived as a whole, as long as the buffer of the message has room for
// their payloads. If parts of messages are events, it leaves them to the slow path. It
// returns false if the message can no longer become valid UTF-8.
func (d *Decoder) appendFragments() bool {
	if d.fastLimit < 0 || d.cfg.Parts || d.stage != inHeader || d.nheld > 0 {
		return true
	}
	head := 2
	if d.maskBit != 0 {
		head += 4
	}
	var msg []byte
	if d.msg != nil {
		msg = d.msg.B
	}
	had, most := len(msg), cap(msg)
	if limit := d.cfg.MaxMessage; limit > 0 {
		most = min(most, limit)
	}
	longest := min(maxShort, int(d.fastLimit))
	p := d.in
	for len(p) >= head && p[0] == byte(continuation) {
		n := int(p[1] ^ d.maskBit) // above 127 if the MASK bit is wrong
		if n == 0 {
			p = p[head:]
			continue
		}
		if n > longest || n > most-len(msg) || n > len(p)-head {
			break
		}
		key := uint32(0)
		if d.maskBit != 0 {
			key = binary.LittleEndian.Uint32(p[2:])
		}
		msg = mask.Append(msg, p[head:head+n], key)
		p = p[head+n:]
	}
	d.in = p
	if len(msg) == had {
		return true
	}
	d.msg.B = msg
	d.size += uint64(len(msg) - had)
	return d.checkText(msg[had:])
}

// maxShort is the longest payload whose length is in the second byte of a header.
const maxShort = 125

// AppendMessage is like [Encoder.Append] for a whole text or binary message, but needs
// less time and less stack.
func (e *Encoder) AppendMessage(dst []byte, kind Kind, p []byte) ([]byte, error) {
	switch {
	case kind-Text > Binary-Text || e.closeSent || len(p) > int(e.fastLimit):
		return e.appendSlow(dst, Event{Kind: kind, Data: p})
	case kind == Text && !text.Valid(p):
		return dst, ErrBadText
	case e.cfg.Role == Client:
		return e.appendMasked(dst, kind, p), nil
	case len(p) < 126:
		dst = append(dst, 0x80|byte(kind), byte(len(p)))
	default:
		dst = append(dst, 0x80|byte(kind), 126, byte(len(p)>>8), byte(len(p)))
	}
	return append(dst, p...), nil
}

// appendMasked is not inlined, so that a server's AppendMessage needs less stack.
//
//go:noinline
func (e *Encoder) appendMasked(dst []byte, kind Kind, p []byte) []byte {
	dst, key := rfc6455{}.appendHeader(dst, Client, frame{op: kind, fin: true, left: uint64(len(p)), key: e.maskKey()})
	return mask.Append(dst, p, key)
}
