package wire

import "bytes"

// hixie75 is the framing of draft-hixie-thewebsocketprotocol-75, section 4:
//
//	00 to 7F | payload | FF                text if the first byte is 00; others are ignored
//	80 to FE | base-128 length | payload   ignored
//	FF 00                                  the close of draft 76, sent by some clients
//
// A delimited payload is parsed in pieces, since its length is not known in advance.
type hixie75 struct{}

// maxLength128 is the longest form of a base-128 length: 9 bytes hold 63 bits.
const maxLength128 = 9

func (hixie75) parseHeader(p []byte, role Role, f *frame) (int, *ProtocolError) {
	if f.open {
		return f.piece(p), nil
	}
	*f = frame{fin: true, op: discarded}
	if p[0] >= 0x80 {
		return f.counted(p)
	}
	if p[0] == 0 {
		f.op = Text
	}
	f.delim, f.open = true, true
	f.left = untilDelimiter(p[1:])
	return 1, nil
}

// piece parses the next piece of a delimited payload.
func (f *frame) piece(p []byte) int {
	if p[0] == 0xFF {
		f.open = false
		return 1
	}
	f.left = untilDelimiter(p)
	return 0
}

func untilDelimiter(p []byte) uint64 {
	if i := bytes.IndexByte(p, 0xFF); i >= 0 {
		return uint64(i)
	}
	return uint64(len(p))
}

// counted parses a header with a length.
func (f *frame) counted(p []byte) (int, *ProtocolError) {
	for i, b := range p[1:] {
		if i == maxLength128 {
			if f.left>>56 != 0 {
				return 0, ErrFrameTooBig
			}
			return 0, ErrLengthNotMinimal
		}
		f.left = f.left<<7 | uint64(b&0x7F)
		if b >= 0x80 {
			continue
		}
		if p[0] == 0xFF {
			if f.left != 0 {
				return 0, ErrHixieFrameType
			}
			f.op = Close
		}
		return i + 2, nil
	}
	return short, nil
}

func (hixie75) appendHeader(dst []byte, role Role, f frame) ([]byte, uint32) {
	if f.op == Close {
		return append(dst, 0xFF, 0), 0
	}
	return append(dst, 0), 0
}

func (hixie75) trailer(op Kind) string {
	if op == Close {
		return ""
	}
	return "\xFF"
}

func (hixie75) supports(op Kind) bool { return op == Text }

func (hixie75) accepts(StatusCode) bool { return false }

func (hixie75) forgives() bool { return false }

func (hixie75) mapCode(StatusCode) StatusCode { return StatusNoStatusReceived }

// endsCleanly allows the end between two messages, as this draft has no other way to
// close a connection.
func (hixie75) endsCleanly(betweenMessages, closeSent bool) bool { return betweenMessages || closeSent }
