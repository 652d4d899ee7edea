package wstest

import "encoding/binary"

// The first bytes of frames that are whole messages.
const (
	OpText   = 0x81
	OpBinary = 0x82
	OpClose  = 0x88
	OpPing   = 0x89
	OpPong   = 0x8A
)

// Frame returns the bytes of a frame, masked if a client sends it. The first byte
// is one of the constants, possibly with other bits set.
func Frame(client bool, first byte, payload string) []byte {
	b := []byte{first}
	mask := byte(0)
	if client {
		mask = 0x80
	}
	switch n := len(payload); {
	case n < 126:
		b = append(b, mask|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, mask|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, mask|127), uint64(n))
	}
	if !client {
		return append(b, payload...)
	}
	key := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	b = append(b, key[:]...)
	for i := range len(payload) {
		b = append(b, payload[i]^key[i%4])
	}
	return b
}

// ClosePayload returns the payload of a close frame.
func ClosePayload(code int, reason string) string {
	return string([]byte{byte(code >> 8), byte(code)}) + reason
}
