package wire

import "encoding/binary"

// rfc6455 is the framing of drafts 13 to 17 and of RFC 6455, section 5.2:
//
//	FIN RSV1-3 opcode | MASK length | 0, 2 or 8 bytes of length | 0 or 4 bytes of key | payload
type rfc6455 struct{}

func (rfc6455) parseHeader(p []byte, role Role, f *frame) (int, *ProtocolError) {
	n, err := parseHybi07(p, role, f)
	if n >= 4 && err == nil && !minimal(p, f.left) {
		return 0, ErrLengthNotMinimal
	}
	return n, err
}

// minimal reports whether the header p encodes length in its shortest form.
func minimal(p []byte, length uint64) bool {
	switch p[1] & 0x7F {
	case 126:
		return length >= 126
	case 127:
		return length >= 1<<16
	}
	return true
}

// opcodes has a bit for each opcode of RFC 6455, section 11.8.
const opcodes = 1<<continuation | 1<<Text | 1<<Binary | 1<<Close | 1<<Ping | 1<<Pong

// parseHybi07 parses a header of hybi-07 to hybi-12, in which a length may have any
// form.
func parseHybi07(p []byte, role Role, f *frame) (int, *ProtocolError) {
	if len(p) < 2 {
		return short, nil
	}
	f.op, f.rsv, f.fin = Kind(p[0]&0x0F), RSV(p[0]&0x70), p[0] >= 0x80
	if opcodes>>f.op&1 == 0 {
		return 0, ErrUnknownOpcode
	}
	masked := p[1] >= 0x80
	if masked != (role == Server) {
		if masked {
			return 0, ErrMasked
		}
		return 0, ErrNotMasked
	}
	n := 2
	if f.left = uint64(p[1] & 0x7F); f.left >= 126 {
		length, used := payloadLength(p[1:])
		if used == 0 {
			return short, nil
		}
		if length>>63 != 0 {
			return 0, ErrLengthOverflow
		}
		f.left, n = length, 1+used
	}
	if !masked {
		f.key = 0
		return n, nil
	}
	if len(p) < n+4 {
		return short, nil
	}
	f.key = binary.LittleEndian.Uint32(p[n:])
	return n + 4, nil
}

func (rfc6455) appendHeader(dst []byte, role Role, f frame) ([]byte, uint32) {
	dst = append(dst, firstByte(f))
	if role == Server {
		return appendLength(dst, 0, f.left), 0
	}
	dst = appendLength(dst, 0x80, f.left)
	return binary.LittleEndian.AppendUint32(dst, f.key), f.key
}

func firstByte(f frame) byte {
	b := byte(f.op) | byte(f.rsv)
	if f.fin {
		b |= 0x80
	}
	return b
}

func (rfc6455) trailer(Kind) string { return "" }

func (rfc6455) supports(op Kind) bool { return op <= Pong && opcodes>>op&1 != 0 }

func (rfc6455) accepts(c StatusCode) bool { return c.Sendable() }

func (rfc6455) forgives() bool { return false }

func (rfc6455) mapCode(c StatusCode) StatusCode { return c }

func (rfc6455) endsCleanly(betweenMessages, closeSent bool) bool { return false }
