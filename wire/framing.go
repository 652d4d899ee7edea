package wire

import "encoding/binary"

// A framing is what one version of the protocol says about frames. It keeps
// nothing of a connection. The rest of the package is the same for all versions.
type framing interface {
	// next reads the header that p, which is not empty, begins with into f and
	// returns its length, or short if p does not hold all of it. role is the
	// reader's. f is as the frame before it left it.
	next(p []byte, role Role, f *frame) (n int, err *ProtocolError)

	// appendHead appends what stands before the f.left bytes of payload of f
	// and returns the key for the payload's first byte. role is the sender's.
	appendHead(dst []byte, role Role, f frame) ([]byte, uint32)

	// tail is what stands behind the payload.
	tail(op Kind) string

	// has reports whether there are such frames.
	has(op Kind) bool

	// accepts reports whether a received close frame may have the code.
	accepts(StatusCode) bool

	// forgives reports whether a received close frame with a code that accepts
	// rules out counts as one without a payload. Otherwise it breaks a rule.
	forgives() bool

	// code is what this version says for a code of RFC 6455:
	// StatusNoStatusReceived if its close frame cannot hold one.
	code(StatusCode) StatusCode

	// endsCleanly reports whether the end of the byte stream is to be expected
	// although no close frame was received.
	endsCleanly(betweenMessages, closeSent bool) bool
}

// framingOf is the only place where versions are told apart.
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
	discarded    = Kind(32) // the payload means nothing (hixie)
)

// short is the length of a header that has not arrived as a whole.
const short = -1

// maxHead is the longest header that needs all of its bytes at once: two bytes,
// a 64-bit length and the masking key.
const maxHead = 14

// frame is what a header says, and how far the payload has been read.
type frame struct {
	left  uint64 // bytes of payload still to come
	key   uint32 // masks the next byte of payload with its lowest byte, and so on
	op    Kind   // continuation, Text, Binary, Close, Ping, Pong or discarded
	rsv   RSV
	fin   bool // the last frame of the message
	delim bool // a delimiter ends the payload (hixie)
	open  bool // left is for a piece of a delimited payload; another piece follows
}

// payloadLength reads the length that p, from the second byte of a header on,
// begins with. used is 0 if p is too short.
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

// appendLength appends the shortest form of a length, with bit as the highest
// bit of its first byte.
func appendLength(dst []byte, bit byte, length uint64) []byte {
	switch {
	case length < 126:
		return append(dst, bit|byte(length))
	case length < 1<<16:
		return append(dst, bit|126, byte(length>>8), byte(length))
	}
	return binary.BigEndian.AppendUint64(append(dst, bit|127), length)
}
