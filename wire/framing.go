package wire

import "encoding/binary"

// A framing implements the frames of one version of the protocol. It has no state.
// The rest of the package is the same for all versions.
type framing interface {
	// parseHeader parses the header at the start of p, which is not empty, into
	// f and returns its length, or short if p does not hold all of it. role is
	// the reader's. On entry f holds the previous frame.
	parseHeader(p []byte, role Role, f *frame) (n int, err *ProtocolError)

	// appendHeader appends the header of f, whose payload is f.left bytes long,
	// and returns the key for the first byte of the payload. role is the sender's.
	appendHeader(dst []byte, role Role, f frame) ([]byte, uint32)

	// trailer returns the bytes that follow the payload.
	trailer(op Kind) string

	// supports reports whether the version has frames of kind op.
	supports(op Kind) bool

	// accepts reports whether a received close frame may carry the code.
	accepts(StatusCode) bool

	// forgives reports whether a received close frame with a code that is not
	// accepted counts as one without a payload instead of breaking a rule.
	forgives() bool

	// mapCode returns the code of this version that is nearest to a code of RFC
	// 6455, or StatusNoStatusReceived if the version's close has no code.
	mapCode(StatusCode) StatusCode

	// endsCleanly reports whether the byte stream may end here although no
	// close frame was received.
	endsCleanly(betweenMessages, closeSent bool) bool
}

// framingOf returns the framing of v. No other code in the package depends on the
// version.
func framingOf(v Version) framing {
	switch v {
	case Hixie75:
		return hixie75{}
	case Hixie76:
		return hixie76{}
	case Hybi06:
		return hybi06{}
	case Hybi07:
		return hybi07{}
	case Hybi08:
		return hybi08{}
	}
	return rfc6455{}
}

// Kinds of frames that are not events.
const (
	continuation = None     // opcode 0 of RFC 6455
	discarded    = Kind(32) // a payload to be ignored (hixie)
)

// short is returned as the length of a header that has not arrived completely.
const short = -1

// maxHead is the length of the longest header: two bytes, a 64-bit length and the
// masking key.
const maxHead = 14

// A frame holds the fields of a header and the position in its payload.
type frame struct {
	left  uint64 // bytes of payload still to come
	key   uint32 // its lowest byte masks the next byte of payload
	op    Kind   // continuation, Text, Binary, Close, Ping, Pong or discarded
	rsv   RSV
	fin   bool // the last frame of the message
	delim bool // a delimiter ends the payload (hixie)
	open  bool // left counts only a piece of a delimited payload, and another follows
}

// payloadLength parses the length in p, a header without its first byte. used is 0 if
// p is too short.
func payloadLength(p []byte) (length uint64, used int) {
	switch length = uint64(p[0] & 0x7F); {
	case length < 126:
		return length, 1
	case length == 126 && len(p) >= 3:
		return uint64(binary.BigEndian.Uint16(p[1:])), 3
	case length == 127 && len(p) >= 9:
		return binary.BigEndian.Uint64(p[1:]), 9
	}
	return 0, 0
}

// appendLength appends length in its shortest form, with bit as the highest bit of
// the first byte.
func appendLength(dst []byte, bit byte, length uint64) []byte {
	switch {
	case length < 126:
		return append(dst, bit|byte(length))
	case length < 1<<16:
		return append(dst, bit|126, byte(length>>8), byte(length))
	}
	return binary.BigEndian.AppendUint64(append(dst, bit|127), length)
}
